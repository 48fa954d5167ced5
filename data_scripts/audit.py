"""Static checks in one go: bandit over the code, pip-audit over what is served, detect-secrets over the tracked tree.

    make audit                              their environment, then the line below
    python -m data_scripts.audit --tools .venv/audit/bin [--results results/once.jsonl#audit]

The exit status is 1 where something was found. What bandit finds is mended or answered by `# nosec BXXX: reason`;
digests and commits, which look like keys, are not looked at. pip-audit needs PyPI's list of vulnerabilities: of what
it cannot have, it says so, and that is what is written.
"""

import json
import subprocess  # nosec B404: commands are lists that this project writes
import sys
from pathlib import Path

from fontid.commands import command_line
from fontid.evaluation.experiment import write_result

ROOT = Path(__file__).parent.parent
CODE = ("fontid", "web", "app.py", "data_scripts", "train", "compare_vlm", "benchmarks", "release")
DIGESTS = r'"[0-9a-f]{64}"|"commit": "[0-9a-f]{12}\+?"'


def run(command: list[str]) -> subprocess.CompletedProcess:
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)  # nosec B603: a list, no shell


def bandit(tools: Path) -> dict:
    report = json.loads(run([str(tools / "bandit"), "-q", "-r", *CODE, "-f", "json"]).stdout)
    found = [f"{one['filename']}:{one['line_number']} {one['test_id']}" for one in report["results"]]
    totals = report["metrics"]["_totals"]
    return {"lines": totals["loc"], "answered": totals["skipped_tests"], "found": found}


def pip_audit(tools: Path) -> dict:
    """What is known of each package that is served, and of those that they need."""
    done = run([str(tools / "pip-audit"), "-r", "requirements.txt", "-f", "json", "--progress-spinner", "off"])
    try:
        packages = json.loads(done.stdout)["dependencies"]
    except ValueError:
        return {"audited": 0, "not_audited": None, "why": done.stderr.strip()[-200:], "found": []}
    looked_at = [one for one in packages if "skip_reason" not in one]
    found = [f"{one['name']} {one['version']} {bug['id']}" for one in looked_at for bug in one["vulns"]]
    why = next((one["skip_reason"] for one in packages if "skip_reason" in one), "")
    return {"audited": len(looked_at), "not_audited": len(packages) - len(looked_at), "why": why, "found": found}


def secrets(tools: Path) -> dict:
    report = json.loads(run([str(tools / "detect-secrets"), "scan", "--exclude-lines", DIGESTS]).stdout)
    found = [f"{file}:{one['line_number']} {one['type']}" for file, rows in report["results"].items() for one in rows]
    return {"detectors": len(report["plugins_used"]), "found": found}


def version_of(tools: Path, package: str) -> str:
    code = f"from importlib.metadata import version; print(version({package!r}))"
    return run([str(tools / "python"), "-c", code]).stdout.strip()


def main(argv: list[str] | None = None) -> int:
    parser = command_line(__doc__)
    parser.add_argument("--tools", type=Path, required=True, help="folder that holds the three commands")
    parser.add_argument("--results", type=Path)
    arguments = parser.parse_args(argv)
    tools = arguments.tools.absolute()
    metrics = {"bandit": bandit(tools), "pip_audit": pip_audit(tools), "secrets": secrets(tools)}
    print(json.dumps(metrics, indent=1))
    if arguments.results:
        settings = {name: version_of(tools, name) for name in ("bandit", "pip-audit", "detect-secrets")}
        write_result(arguments.results, settings=settings, command="make audit", metrics=metrics)
    return int(any(part["found"] for part in metrics.values()))


if __name__ == "__main__":
    sys.exit(main())
