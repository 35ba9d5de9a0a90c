// Builds the islands and styles into the Python package, with names that carry their content's digest, a
// manifest that the templates read, and a compressed twin of every text file, so that serving is a copy of bytes.
import { copyFileSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { defineConfig } from "vite";

const out = new URL("../src/madang/web/static/build", import.meta.url).pathname;

function files(folder) {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? files(path) : [path];
  });
}

const finish = {
  name: "madang-finish",
  closeBundle() {
    mkdirSync(join(out, "licences"), { recursive: true });
    copyFileSync("node_modules/pretendard/dist/LICENSE.txt", join(out, "licences/Pretendard-OFL.txt"));
    // Files such as reports are set in them
    mkdirSync(join(out, "fonts"), { recursive: true });
    for (const weight of ["Regular", "SemiBold"]) {
      const name = `Pretendard-${weight}.ttf`;
      copyFileSync(join("node_modules/pretendard/dist/public/static/alternative", name), join(out, "fonts", name));
    }
    copyFileSync("node_modules/maplibre-gl/LICENSE.txt", join(out, "licences/MapLibre.txt"));
    for (const path of files(out).filter((name) => /\.(js|css|svg)$/.test(name))) {
      const content = readFileSync(path);
      writeFileSync(`${path}.gz`, gzipSync(content, { level: 9 }));
      const quality = { [constants.BROTLI_PARAM_QUALITY]: 10 };
      writeFileSync(`${path}.br`, brotliCompressSync(content, { params: quality }));
    }
  },
};

export default defineConfig({
  base: "/static/build/",
  publicDir: false,
  plugins: [finish],
  build: {
    outDir: out,
    emptyOutDir: true,
    manifest: "manifest.json",
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1500,
    license: { fileName: "licences/scripts.md" },
    rollupOptions: {
      input: ["src/page.ts", "src/city.ts", "src/entity.ts", "src/list.ts", "styles/page.css"],
    },
  },
});
