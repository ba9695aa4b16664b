package dev.perthread.net;

import static dev.perthread.fuzz.Promises.holds;

import dev.perthread.fuzz.Promises;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;

/** Files of certificates and keys: read, or refused in one line that names the file. */
public final class PemFuzz {
    private static final Path FILE = file();

    private PemFuzz() {}

    private static Path file() {
        try {
            Path file = Files.createTempFile("perthread-fuzz", ".pem");
            file.toFile().deleteOnExit();
            return file;
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    public static void fuzzerTestOneInput(byte[] input) throws IOException {
        Files.write(FILE, input);
        try {
            Pem pem = new Pem(FILE);
            X509Certificate first = pem.certificates().get(0);
            pem.keyOf(first);
        } catch (IllegalArgumentException refusal) {
            Promises.isOneLineToRead(refusal.getMessage());
            holds(refusal.getMessage().contains(FILE.toString()), "does not name the file: " + refusal.getMessage());
        }
    }
}
