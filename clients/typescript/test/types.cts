// Compiled, not run: the types for CommonJS.
import { CarnetClient } from "@carnet/api-client";

const client: CarnetClient = new CarnetClient({ apiKey: "osk_", baseUrl: "https://carnet.example.org" });
export const title: Promise<string> = client.getTrip("t1").then((trip) => trip.title);
