package dev.perthread.net;

import dev.perthread.net.PemBlocks.Block;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A PEM file (RFC 7468) with certificates or a private key.
 *
 * <p>Everything that is wrong with a file is an {@link IllegalArgumentException} that names it: it is an option's value.
 */
final class Pem {
    private static final int LONGEST = 1 << 24; // the wrong file, such as a disk image, must not fill the memory
    private static final String BYTE_ORDER_MARK = "\u00ef\u00bb\u00bf"; // of UTF-8, as some editors write it
    private static final String CERTIFICATE = "CERTIFICATE";
    private static final String KEY = "PRIVATE KEY";
    private static final String ENCRYPTED_KEY = "ENCRYPTED PRIVATE KEY";
    private static final String CURVE = "EC PARAMETERS"; // openssl writes them before a key, which has them as well

    /** The algorithms of keys, and one for signing with each: a key's own encoding says which, but Java does not ask it. */
    private static final Map<String, String> ALGORITHMS = new LinkedHashMap<>();

    static {
        ALGORITHMS.put("RSA", "SHA256withRSA");
        ALGORITHMS.put("EC", "SHA256withECDSA");
        ALGORITHMS.put("EdDSA", "EdDSA");
    }

    private final Path file;
    private final List<Block> blocks;

    Pem(Path file) {
        this.file = file;
        String text;
        try (InputStream in = Files.newInputStream(file)) {
            byte[] bytes = in.readNBytes(LONGEST + 1);
            if (bytes.length > LONGEST) {
                throw wrong("it must be a file of certificates or keys, but is longer than 16 MiB", null);
            }
            text = new String(bytes, StandardCharsets.ISO_8859_1); // all that matters is ASCII
        } catch (NoSuchFileException e) {
            throw wrong("there is no such file", e);
        } catch (IOException e) {
            throw wrong("it cannot be read: " + e.getMessage(), e);
        }
        try {
            this.blocks = PemBlocks.of(text.startsWith(BYTE_ORDER_MARK) ? text.substring(3) : text);
        } catch (PemBlocks.Malformed e) {
            throw wrong(String.valueOf(e.getMessage()), null);
        }
        if (blocks.isEmpty()) {
            throw wrong("it is not a PEM file: it has no line -----BEGIN ...-----", null);
        }
    }

    /** All that are in the file, in this order; at least one. A key may be there too: one file may have both. */
    List<X509Certificate> certificates() {
        List<X509Certificate> certificates = new ArrayList<>();
        for (Block block : blocks) {
            if (block.label().equals(CERTIFICATE)) {
                certificates.add(certificate(block));
            } else {
                requireKnown(block);
            }
        }
        if (certificates.isEmpty()) {
            throw wrong("it has no CERTIFICATE, only " + labels(), null);
        }
        return certificates;
    }

    private X509Certificate certificate(Block block) {
        ByteArrayInputStream bytes = new ByteArrayInputStream(block.bytes());
        try {
            X509Certificate certificate =
                    (X509Certificate) CertificateFactory.getInstance("X.509").generateCertificate(bytes);
            if (!block.encrypted() && bytes.available() == 0) { // else there is something behind it
                return certificate;
            }
        } catch (CertificateException e) {
            throw wrong(block.shown() + " cannot be read", Messages.withoutForeignText(e));
        }
        throw wrong(block.shown() + " is more than one certificate", null);
    }

    private void requireKnown(Block block) {
        String label = block.label();
        if (!label.equals(CERTIFICATE) && !label.endsWith(KEY) && !label.equals(CURVE)) {
            throw wrong(block.shown() + " is of no kind that is taken; must be CERTIFICATE or PRIVATE KEY", null);
        }
    }

    /** The one key in the file, if it is the one of this certificate. */
    PrivateKey keyOf(X509Certificate certificate) {
        blocks.forEach(this::requireKnown);
        List<Block> keys =
                blocks.stream().filter(block -> block.label().endsWith(KEY)).toList();
        if (keys.size() != 1) {
            throw wrong("it must have one private key, but has " + keys.size(), null);
        }
        Block block = keys.get(0);
        if (block.encrypted() || block.label().equals(ENCRYPTED_KEY)) {
            throw wrong(
                    block.shown() + " is encrypted, and there is no option for its password; convert it:"
                            + " openssl pkey -in old.pem -out new.pem",
                    null);
        }
        if (!block.label().equals(KEY)) {
            throw wrong(
                    block.shown() + " is not in the format PKCS#8, the only one supported; convert it:"
                            + " openssl pkcs8 -topk8 -nocrypt -in old.pem -out new.pem",
                    null);
        }
        byte[] bytes = block.bytes();
        for (Map.Entry<String, String> algorithm : ALGORITHMS.entrySet()) {
            PrivateKey key;
            try {
                key = KeyFactory.getInstance(algorithm.getKey()).generatePrivate(new PKCS8EncodedKeySpec(bytes));
            } catch (GeneralSecurityException anotherAlgorithm) {
                continue;
            }
            if (!fit(key, certificate, algorithm.getValue())) {
                throw wrong(
                        "its private key is not the one of the certificate of "
                                + Messages.shown(
                                        certificate.getSubjectX500Principal().toString(), Messages.LONGEST_SHOWN),
                        null);
            }
            return key;
        }
        throw wrong("its private key must be one of RSA, EC, Ed25519 or Ed448, but is of another kind", null);
    }

    private static boolean fit(PrivateKey key, X509Certificate certificate, String algorithm) {
        byte[] something = {1, 2, 3};
        try {
            Signature signature = Signature.getInstance(algorithm);
            signature.initSign(key);
            signature.update(something);
            byte[] signed = signature.sign();
            signature.initVerify(certificate.getPublicKey());
            signature.update(something);
            return signature.verify(signed);
        } catch (GeneralSecurityException notEvenTheSameAlgorithm) {
            return false;
        }
    }

    private String labels() {
        return String.join(
                ", ",
                blocks.stream()
                        .limit(5)
                        .map(block -> Messages.shown(block.label(), 40))
                        .toList());
    }

    private IllegalArgumentException wrong(String why, @Nullable Throwable cause) {
        return new IllegalArgumentException(Messages.shown("PEM file " + file + ": " + why), cause);
    }
}
