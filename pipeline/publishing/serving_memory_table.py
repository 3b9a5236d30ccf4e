"""What a served model's memory does while many requests come, from results/serving_memory.json: for docs/serving.md."""

from pathlib import Path

from ldnet.files import read_json
from pipeline.report.tables import markdown_table


def serving_memory_section(results: Path) -> str:
    """A paragraph and the times of each kind of request. Raises InputError if the file is not JSON."""
    path = results / "serving_memory.json"
    if not path.is_file():
        return "Not measured yet.\n"
    found = read_json(path)
    low, high = found["interval_95"]
    summary = (
        f"{found['requests']:,} mixed requests of {found['clients']} clients to the model `{found['model']}`: after "
        f"the first tenth, the server's processes had {found['megabytes_first']:,.0f} MB, at the end "
        f"{found['megabytes_last']:,.0f} MB, at most {found['megabytes_most']:,.0f} MB. The slope is "
        f"{found['megabytes_per_1000_requests']:+.2f} MB a thousand requests (95 % interval {low:+.2f} to "
        f"{high:+.2f}). Commit {found['git_commit'][:7]}; {found['machine']}. [All numbers](../results/{path.name}).\n"
    )
    rows = [[kind, f"{of['p50_ms']:,.0f}", f"{of['p99_ms']:,.0f}"] for kind, of in found["times"].items()]
    return f"{summary}\n{markdown_table(['request', 'p50 (ms)', 'p99 (ms)'], rows)}"
