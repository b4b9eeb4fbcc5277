"""What a training costs on an instance: measuring, prices, table, plot and recommendation."""
