// Catches the host's functions on their way into the prelude, and misuses them.
let natives;
const call = Function.prototype.call;
Object.defineProperty(Object.prototype, 'load', { configurable: true, get() { natives = this; return undefined }, set(v) {} });
function run() {
  try { new Headers() } catch (e) {}
  try { structuredClone({}) } catch (e) {}
  delete Object.prototype.load;
  const fake = { buffer: new ArrayBuffer(8), byteOffset: 4, byteLength: 1e9 };
  for (const f of [() => new TextDecoder().decode(fake), () => crypto.subtle.digest('SHA-256', fake), () => natives.copy(fake), () => natives.verify(5, 'HMAC', 'SHA-1', 0, fake, fake), () => natives.send(1, 2, 3), () => natives.load('/etc/passwd')]) {
    try { f() } catch (e) {}
  }
  return {};
}
