"""No verdict: it does its work and judges nothing. SUCCESS, result UNKNOWN."""
rows = [{"serial": f"PSU-{number:04d}", "hours": number * 7} for number in range(1, 40)]
print(f"exported {len(rows)} rows, {sum(row['hours'] for row in rows)} hours in all")
