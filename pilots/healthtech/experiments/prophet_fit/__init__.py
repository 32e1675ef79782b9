"""Who finds the lower objective, and how long does each take?"""
