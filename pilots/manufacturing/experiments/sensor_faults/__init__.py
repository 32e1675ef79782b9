"""What do lost and faulty sensors cost?"""
