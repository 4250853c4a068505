"""What things cost here: reasons beside a plain prediction, and a prediction beside a plain network."""
