"""One function per verb: configuration in, result out; no terminal."""
