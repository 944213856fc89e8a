"""Give a slider its name and its value in words, which ipywidgets keeps from screen readers.

The handle of an ipywidgets slider has the role "slider" but no name, and its value is a position: for a list of options
their index, on a logarithmic scale the exponent. Nothing that Python sets reaches the handle, so a few lines of script
copy the label and the shown value to it. An image that cannot load runs them, since a widget starts no <script>.
"""

import html

SCRIPT = """
const name = panel => {
  for (const handle of panel.querySelectorAll('[role=slider]')) {
    const slider = handle.closest('.widget-slider, .widget-inline-hbox, .jupyter-widgets');
    const label = slider.querySelector('.widget-label'), shown = slider.querySelector('.widget-readout');
    const set = (key, text) => text && handle.getAttribute(key) !== text && handle.setAttribute(key, text);
    set('aria-label', label && label.textContent.trim());
    set('aria-valuetext', shown && shown.textContent.trim());
  }
};
const start = (image, tries) => {
  const panel = image.closest('.course-panel');
  if (panel) {
    new MutationObserver(() => name(panel)).observe(panel, {childList: true, subtree: true, characterData: true});
    name(panel);
  } else if (tries) setTimeout(start, 100, image, tries - 1);
};
start(this, 50);
"""


def markup() -> str:
    """Return what a panel holds so that its sliders are named; it shows nothing."""
    return f'<img hidden alt="" src="data:," onerror="{html.escape(SCRIPT)}">'
