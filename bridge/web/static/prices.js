// Fills in what goes with a model that the site uses, and says what a typical use of it costs.
// Without this module each field is typed, and the saved rule has its example.

const form = document.getElementById("price");
const example = document.getElementById("example");
const options = [...document.getElementById("models").options];
const fields = form.elements;
const format = new Intl.NumberFormat(example.dataset.locale);
const point = format.formatToParts(0.5).find((part) => part.type === "decimal").value;
const DIGITS = 6;

function known() {
  const same = (a, b) => a.trim().toLowerCase() === b.trim().toLowerCase();
  const called = options.filter((option) => same(option.value, fields.model.value));
  const fits = (option, name) => !fields[name].value || same(option.dataset[name], fields[name].value);
  return called.find((option) => ["provider", "module", "operation"].every((name) => fits(option, name)));
}

function complete() {
  const option = known();
  if (!option) return;
  for (const name of ["provider", "module", "operation"]) {
    if (!fields[name].value) fields[name].value = option.dataset[name];
  }
}

// A rate in millionths: prices are exact, and floats are not.
function rate(text) {
  const [whole, rest = ""] = (text.trim() || "0").split(point);
  const isRate = /^[0-9]{1,14}$/u.test(whole) && /^[0-9]{0,6}$/u.test(rest);
  return isRate ? BigInt(whole + rest.padEnd(DIGITS, "0")) : null;
}

function cost({ input, output, total }) {
  const [unit, ofInput, ofOutput] = [fields.unit_rate, fields.input_rate, fields.output_rate].map((field) => rate(field.value));
  const scale = 10n ** BigInt(DIGITS);
  if (fields.billing_method.value !== "per_1k_tokens") return unit && (unit + scale - 1n) / scale;
  if (ofInput === null || ofOutput === null || !(ofInput || ofOutput)) return null;
  const [tokensIn, tokensOut] = Number(input) || Number(output) ? [input, output] : [total, "0"];
  const sum = BigInt(tokensIn) * ofInput + BigInt(tokensOut) * ofOutput;
  return (sum + 1000n * scale - 1n) / (1000n * scale);
}

function say() {
  const option = known();
  const price = option && Number(option.dataset.number) ? cost(option.dataset) : null;
  if (!price) {
    example.textContent = "";
    return;
  }
  const { input, output, total } = option.dataset;
  const { split, total: whole } = example.dataset;
  const text = Number(input) || Number(output) ? split : whole;
  const said = { input, output, total, cost: price };
  example.textContent = text.replace(/\{(\w+)\}/gu, (_, name) => format.format(BigInt(said[name])));
}

fields.model.addEventListener("change", complete);
form.addEventListener("input", say);
say();
