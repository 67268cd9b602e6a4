"""How long `refilld orders import` takes for 100,000 orders, next to reading the same file with csv alone.

Each run is a whole process with a new database. Run it as `python benchmarks/orders_import.py [ROWS]`.
"""

import csv
import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

HEADER = (
    "order_id", "service", "link", "quantity", "status", "completed_at", "start_count", "remains", "metric",
    "provider", "price", "currency",
)  # fmt: skip
LIMIT_SECONDS = 5.0
PEER = "import csv, sys; print(sum(1 for _ in csv.DictReader(open(sys.argv[1], newline=''))))"
COMMAND = [sys.executable, "-m", "refilld"]


def write_orders(path: Path, rows: int) -> None:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        for number in range(rows):
            sold = (number, "4232", f"https://www.instagram.com/shop{number}/", 1000, "Completed")
            writer.writerow(
                (*sold, "2026-11-20T10:00:00Z", 500, 0, "followers", "acme", "1.50", "USD"),
            )


def measured(command: list[str], home: Path) -> tuple[float, float, int]:
    """Run a process; return seconds of the clock, seconds of the processor, and its memory in MiB."""
    begun, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, cwd=home, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.monotonic() - begun, used, after.ru_maxrss // 1024


def main() -> None:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with TemporaryDirectory() as folder:
        home = Path(folder)
        orders = home / "orders.csv"
        write_orders(orders, rows)
        subprocess.run([*COMMAND, "init"], cwd=home, check=True, stdout=subprocess.DEVNULL)
        os.sync()
        peer, peer_used, peer_memory = measured([sys.executable, "-c", PEER, str(orders)], home)
        print(f"csv alone:           {peer:5.2f} s, {peer_used:5.2f} s of processor, {peer_memory} MiB")
        for name in ("first import", "the same again"):
            wall, used, memory = measured([*COMMAND, "orders", "import", str(orders)], home)
            ratio = f"{used / peer_used:.1f} times csv"
            print(f"{name + ':':20} {wall:5.2f} s, {used:5.2f} s of processor, {memory} MiB, {ratio}")
        print(f"limit:               {LIMIT_SECONDS:5.2f} s on an idle machine")


if __name__ == "__main__":
    main()
