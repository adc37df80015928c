"""An attachment: what lies in MUSTER_OUTPUT_DIR at the end is kept with the execution."""
import csv
import os
from pathlib import Path

folder = Path(os.environ.get("MUSTER_OUTPUT_DIR", "."))
sheet = folder / "calibration.csv"
with sheet.open("w", newline="", encoding="utf-8") as file:
    writer = csv.writer(file)
    writer.writerow(["channel", "offset_mV"])
    writer.writerows((channel, round(0.3 * channel - 0.6, 2)) for channel in range(1, 5))

print(f"wrote {sheet.name}, {sheet.stat().st_size} bytes")
print("合格")
