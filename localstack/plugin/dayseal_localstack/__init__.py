"""What LocalStack's free edition lacks and the tests need.

plux plugins: LocalStack finds them through the .dist-info folder beside this package once that
folder is on PYTHONPATH. Each module has one purpose; ../../README.md lists them and their settings.
"""
