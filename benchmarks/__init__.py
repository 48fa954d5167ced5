"""What measures: protocols and their pictures, the run of all benchmarks, costs, and the tables made of them."""
