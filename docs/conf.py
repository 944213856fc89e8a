"""Configure Sphinx: every font, script and style comes with the site, so that it can be read offline."""

from pathlib import Path

from course.lessons import LESSONS

project = "Fine-tuning language models, measured"
author = "the contributors"
copyright = "the contributors. Code: Apache 2.0; prose and figures: CC BY 4.0"
language = "en"

extensions = ["myst_nb", "docs.mathml"]
exclude_patterns = ["README.md"]  # index.md includes it
suppress_warnings = ["toc.empty_glob"]  # the instructor's guide may be missing

nb_execution_mode = "off"  # the lessons have run
nb_ipywidgets_js = {}
nb_merge_streams = True
myst_enable_extensions = ["attrs_inline", "deflist", "dollarmath"]
myst_dmath_allow_digits = False  # a price is no formula
myst_dmath_allow_space = False
myst_heading_anchors = 4
myst_links_external_new_tab = False

html_theme = "sphinx_book_theme"
html_title = project
html_static_path = [str(Path(__file__).parent / "_static")]
html_css_files = ["site.css"]
html_math_renderer = "mathml"
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {
    "home_page_in_toc": True,
    "use_download_button": False,
    "use_fullscreen_button": False,
    "show_toc_level": 2,
}
html_context = {"lessons": LESSONS}
