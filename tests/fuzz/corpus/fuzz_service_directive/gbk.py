# ²â MUSTER: x
#MUSTER: timeout=
