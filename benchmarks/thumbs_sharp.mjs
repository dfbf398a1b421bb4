// A worker of benchmarks/thumbs.py: one JSON line in, one out. Times are this process's processor time in milliseconds, walls what a clock shows.
import fs from "node:fs";
import readline from "node:readline";

let sharp;
try {
  sharp = (await import("sharp")).default;
} catch (error) {
  console.log(JSON.stringify({ missing: String(error.message).split("\n")[0] }));
  process.exit();
}
sharp.concurrency(1);
sharp.cache(false);
console.log(JSON.stringify({ versions: { sharp: sharp.versions.sharp, libvips: sharp.versions.vips, node: process.version } }));

const WRITERS = {
  JPEG: (image) => image.jpeg({ quality: 85, chromaSubsampling: "4:2:0", optimiseCoding: true }),
  PNG: (image) => image.png(),
  WEBP: (image) => image.webp({ quality: 80, effort: 4 }),
  GIF: (image) => image.gif(),
};

for await (const line of readline.createInterface({ input: process.stdin })) {
  const { file, width, height, fit, format, runs } = JSON.parse(line);
  const data = fs.readFileSync(file);
  const times = [];
  const walls = [];
  let bytes = 0;
  for (let run = 0; run < runs; run++) {
    const seen = performance.now();
    const begun = process.cpuUsage();
    const image = sharp(data, { limitInputPixels: false }).resize({
      width: width || undefined,
      height: height || undefined,
      fit: fit ? "inside" : "cover",
      kernel: "linear",
    });
    bytes = (await WRITERS[format](image).toBuffer()).length;
    const used = process.cpuUsage(begun);
    times.push((used.user + used.system) / 1000);
    walls.push(performance.now() - seen);
  }
  console.log(JSON.stringify({ times, walls, bytes }));
}
