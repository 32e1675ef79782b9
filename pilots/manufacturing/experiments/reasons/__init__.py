"""Do the reasons name the part that fails?"""
