"""The report's Figure 3 measured again: XGBoost beside scikit-learn's classifiers."""
