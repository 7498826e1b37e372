"""Lists the weekdays on which the NYSE was or will be closed, with exchange_calendars, as an oracle for domain/calendar.

python -m venv /tmp/oracle && /tmp/oracle/bin/pip install -r tests/oracles/calendar/requirements.txt
/tmp/oracle/bin/python tests/oracles/calendar/make.py > tests/oracles/calendar/closures.json
"""

import json

import exchange_calendars
import pandas as pd

START, END = "1990-01-01", "2027-12-31"

calendar = exchange_calendars.get_calendar("XNYS", start=START, end=END)
closed = pd.bdate_range(START, END).difference(calendar.sessions)
# Regular closes in UTC, of each month's first session without an early close: they tell the daylight-saving rules.
closes = calendar.closes[~calendar.closes.index.isin(calendar.early_closes)]
monthly = closes.groupby(closes.index.to_period("M")).first()
print(
    json.dumps(
        {
            "from": START,
            "to": END,
            "nSessions": len(calendar.sessions),
            "weekdayClosures": [str(day.date()) for day in closed],
            "firstCloseOfMonthUtc": [close.strftime("%Y-%m-%dT%H:%MZ") for close in monthly],
        },
        indent=1,
    )
)
