// Reads a calendar from standard input with ical.js: its events as JSON, times as one reads them
// where TZ says one is.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const require = createRequire(new URL("../../clients/package.json", import.meta.url));
const ICAL = require("ical.js").default ?? require("ical.js");

const calendar = new ICAL.Component(ICAL.parse(readFileSync(0, "utf8")));
for (const zone of calendar.getAllSubcomponents("vtimezone")) {
  ICAL.TimezoneService.register(new ICAL.Timezone(zone));
}

// In Swedish, which is written as in ISO 8601.
const here = (time) => (time.isDate ? time.toString() : time.toJSDate().toLocaleString("sv-SE"));

const events = calendar.getAllSubcomponents("vevent").map((component) => {
  const { uid, summary, description, location, sequence, startDate, endDate } = new ICAL.Event(
    component,
  );
  const ends = component.hasProperty("dtend");
  return {
    uid, summary, description, location, sequence,
    start: here(startDate),
    end: ends ? here(endDate) : null,
    instant: startDate.isDate ? null : startDate.toJSDate().toISOString(),
    endInstant: ends && !endDate.isDate ? endDate.toJSDate().toISOString() : null,
  };
});
process.stdout.write(JSON.stringify(events));
