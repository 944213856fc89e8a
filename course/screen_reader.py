"""Tell screen readers what ipywidgets keeps from them: a slider's name and value, and that a line has changed.

- The handle of a slider has the role "slider" but no name, and its value is a position: for a list of options their
  index, on a logarithmic scale the exponent. Its label and the value that is shown are copied to it.
- A widget replaces its whole content, the element that announces changes included, and a fresh one announces nothing.
  The place around it stays, so the role moves there.

Nothing that Python sets reaches these elements, so a few lines of script do it. An image that cannot load runs them,
since a widget starts no <script>.
"""

import html

SCRIPT = """
const set = (element, key, text) => text && element.getAttribute(key) !== text && element.setAttribute(key, text);
const tell = panel => {
  for (const handle of panel.querySelectorAll('[role=slider]')) {
    const slider = handle.closest('.widget-slider, .jupyter-widgets');
    const label = slider.querySelector('.widget-label'), shown = slider.querySelector('.widget-readout');
    set(handle, 'aria-label', label && label.textContent.trim());
    set(handle, 'aria-valuetext', shown && shown.textContent.trim());
  }
  for (const line of panel.querySelectorAll('.course-status[role=status]')) {
    set(line.parentElement, 'role', 'status');
    set(line.parentElement, 'aria-live', 'polite');
    line.removeAttribute('role');
    line.removeAttribute('aria-live');
  }
};
const start = (image, tries) => {
  const panel = image.closest('.course-panel');
  if (panel) {
    new MutationObserver(() => tell(panel)).observe(panel, {childList: true, subtree: true, characterData: true});
    tell(panel);
  } else if (tries) setTimeout(start, 100, image, tries - 1);
};
start(this, 50);
"""


def markup() -> str:
    """Return what a panel holds so that screen readers are told; it shows nothing."""
    return f'<img hidden alt="" src="data:," onerror="{html.escape(SCRIPT)}">'
