/** A process that erases tasks, to be killed meanwhile: eraser.ts <data directory> <task> … */
import { openForge } from "./told-everywhere.ts";

const [data = "", ...tasks] = process.argv.slice(2);
const forge = await openForge(data, false);
process.stdout.write("erasing\n");
for (const task of tasks) await forge.erase(task);
process.stdout.write("done\n");
await forge.close();
