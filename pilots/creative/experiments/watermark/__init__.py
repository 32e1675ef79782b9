"""What does the watermark withstand?"""
