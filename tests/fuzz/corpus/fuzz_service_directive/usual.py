#!/usr/bin/env python3
# MUSTER: timeout=30s idle_timeout="1h" env.A=x cwd=sub
# MUSTER: verdict.from=exit pythonpath=a,b # end
