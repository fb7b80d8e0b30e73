"""The floor to which matching is compared: DuckDB reads both files, all columns, and joins them on the transaction id.

    python limit.py FOLDER

Prints one line of JSON: seconds, processor seconds, peak memory in KiB, how many pairs the join found.
"""

import json
import resource
import sys
import time

import duckdb

THREADS = 2


def main() -> None:
    folder = sys.argv[1]
    before = resource.getrusage(resource.RUSAGE_SELF)
    start = time.perf_counter()
    database = duckdb.connect(config={"threads": THREADS})
    for table in ("deposits", "appeals"):
        database.execute(
            f"CREATE TABLE {table} AS SELECT * FROM read_csv(?, all_varchar = true, header = true)",
            [f"{folder}/{table}.csv"],
        )
    (pairs,) = database.execute(
        "SELECT count(*) FROM appeals JOIN deposits ON appeals.claimed_txid = deposits.tx_id"
    ).fetchone()
    seconds = time.perf_counter() - start
    used = resource.getrusage(resource.RUSAGE_SELF)
    # Less what starting Python and loading the library took.
    processor = used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime
    print(
        json.dumps(
            {
                "seconds": round(seconds, 3),
                "processor_s": round(processor, 3),
                "peak_kib": used.ru_maxrss,
                "pairs": pairs,
            }
        )
    )


main()
