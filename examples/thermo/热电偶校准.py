"""A Chinese file name, and rows with a summary."""
REFERENCE = [0.0, 50.0, 100.0]
MEASURED = [0.1, 50.2, 99.8]

bad = 0
for row, (reference, measured) in enumerate(zip(REFERENCE, MEASURED), 1):
    error = measured - reference
    good = abs(error) <= 0.5
    bad += not good
    print(f"第{row}点  标准 {reference:5.1f} ℃  测量 {measured:5.1f} ℃  误差 {error:+.1f} ℃")

print(f"合格 {len(REFERENCE) - bad}, 不合格 {bad}")
