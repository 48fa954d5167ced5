"""What measures: pictures of each protocol, all benchmarks, closer looks, costs; tables and reports made of them."""
