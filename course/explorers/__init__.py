"""The lessons' explorers: small panels whose sliders redraw a figure."""
