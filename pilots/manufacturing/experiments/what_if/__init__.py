"""How far is a what-if answer from the truth?"""
