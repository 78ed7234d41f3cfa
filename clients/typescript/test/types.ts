import { CarnetClient, type Kind, type Row } from "@carnet/api-client";
const c = new CarnetClient({ apiKey: "a", baseUrl: "b" });
type A<N extends keyof CarnetClient> = Parameters<CarnetClient[N]>;
const a: Parameters<typeof c.getJob> = 1;
const b: Parameters<typeof c.undo> = 1;
const d: Awaited<ReturnType<typeof c.deleteLeg>> = 1;
const e: Kind = 1;
const f: Row<"mapPins"> = 1;
const g: Parameters<typeof c.createTrip> = 1;
const h: Awaited<ReturnType<typeof c.syncTrip>> = 1;
for await (const x of c.iterateLegs("x")) { const y: number = x.title }
