//! The gate to the screen: text that an attacker may have chosen is made visible and cut here, and nowhere else.
