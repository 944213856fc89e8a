"""Configure Sphinx: every font, script and style comes with the site, so that it can be read offline."""

from pathlib import Path

project = "Fine-tuning language models, measured"
author = "the contributors"
copyright = "the contributors. Code: Apache 2.0; prose and figures: CC BY 4.0"
language = "en"

extensions = ["myst_nb", "docs.mathml"]
exclude_patterns = ["README.md"]  # index.md includes it

nb_execution_mode = "off"  # the lessons have run
nb_ipywidgets_js = {}
nb_merge_streams = True
myst_enable_extensions = ["attrs_inline", "dollarmath"]
myst_dmath_allow_digits = False  # a price is no formula
myst_dmath_allow_space = False
myst_heading_anchors = 4
myst_links_external_new_tab = False

html_theme = "sphinx_book_theme"
html_title = project
templates_path = [str(Path(__file__).parent / "_templates")]
html_static_path = [str(Path(__file__).parent / "_static")]
html_css_files = ["site.css"]
html_math_renderer = "mathml"
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {
    "use_download_button": False,
    "use_fullscreen_button": False,
    "show_toc_level": 2,
}
