// Makes a picture of a figure on the page: title above, provenance below, as SVG or as PNG drawn from that SVG.

const WIDTH = 1000;
const EDGE = 24;
const FONT = 'Arial, Helvetica, sans-serif';

let loading = null;

function library(address) {
  if (window.Plotly) return Promise.resolve(window.Plotly);
  loading ??= new Promise((done, failed) => {
    const script = document.createElement('script');
    script.src = address;
    script.onload = () => done(window.Plotly);
    script.onerror = () => { loading = null; failed(new Error('the drawing library did not come')); };
    document.head.append(script);
  });
  return loading;
}

function escaped(text) {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

function lines(text, most) {
  const found = [''];
  for (const word of text.split(/\s+/)) {
    const last = found[found.length - 1];
    if (last && last.length + word.length + 1 > most) found.push(word);
    else found[found.length - 1] = last ? `${last} ${word}` : word;
  }
  return found;
}

function written(text, size, colour, top, weight = 400) {
  const parts = text.map((line, n) =>
    `<text x="${EDGE}" y="${top + n * size * 1.35}" font-family="${FONT}" font-size="${size}" font-weight="${weight}" ` +
    `fill="${colour}">${escaped(line)}</text>`);
  return parts.join('');
}

async function drawn(shown, data) {
  const Plotly = await library(data.library);
  const height = shown.clientHeight || 420;
  const layout = { ...shown.layout, width: WIDTH, height, autosize: false, font: { ...(shown.layout.font || {}), family: FONT } };
  const address = await Plotly.toImage({ data: shown.data, layout }, { format: 'svg', width: WIDTH, height });
  const inner = decodeURIComponent(address.slice(address.indexOf(',') + 1));
  const title = lines(data.title, 78);
  const told = data.provenance.flatMap((line) => lines(line, 150));
  const above = 20 + title.length * 24;
  const whole = above + height + 18 + told.length * 16 + 10;
  const text =
    `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="${WIDTH + 2 * EDGE}" height="${whole}" ` +
    `viewBox="0 0 ${WIDTH + 2 * EDGE} ${whole}"><title>${escaped(data.title)}</title><desc>${escaped(data.provenance.join(' '))}</desc>` +
    `<rect width="100%" height="100%" fill="white"/>${written(title, 17, '#16302f', 30, 700)}` +
    `<g transform="translate(${EDGE},${above})">${inner}</g>` +
    `${written(told, 11.5, '#5d7271', above + height + 24)}</svg>`;
  return { text, width: WIDTH + 2 * EDGE, height: whole };
}

function painted(picture) {
  return new Promise((done, failed) => {
    const image = new Image();
    image.onload = () => {
      const canvas = document.createElement('canvas');
      canvas.width = picture.width * 2;
      canvas.height = picture.height * 2;
      const pen = canvas.getContext('2d');
      pen.scale(2, 2);
      pen.drawImage(image, 0, 0, picture.width, picture.height);
      canvas.toBlob((blob) => (blob ? done(blob) : failed(new Error('the picture is empty'))), 'image/png');
    };
    image.onerror = () => failed(new Error('the picture could not be drawn'));
    image.src = 'data:image/svg+xml;charset=utf-8,' + encodeURIComponent(picture.text);
  });
}

function given(blob, name) {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}

export default function (component) {
  const { parentElement, data, setTriggerValue } = component;
  for (const button of parentElement.querySelectorAll('button')) {
    button.setAttribute('aria-label', `${button.dataset.format.toUpperCase()} of: ${data.title}`);
    button.onclick = async () => {
      const shown = document.querySelector(`.st-key-${data.chart} .js-plotly-plot`);
      if (!shown) return;
      const format = button.dataset.format;
      button.disabled = true;
      try {
        const picture = await drawn(shown, data);
        const blob = format === 'svg' ? new Blob([picture.text], { type: 'image/svg+xml' }) : await painted(picture);
        given(blob, `${data.name}.${format}`);
        setTriggerValue('taken', format);
      } catch (fault) {
        setTriggerValue('failed', String(fault.message || fault).slice(0, 100));
      } finally {
        button.disabled = false;
      }
    };
  }
}
