package dev.perthread.ref;

import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.HexFormat;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/** Text and fingerprints that are fit for messages. */
final class Messages {
    /** The most characters of foreign text in a message. */
    static final int LONGEST = 200;

    private static final String ALGORITHM = "HmacSHA256";

    /**
     * Random and of this process alone. An unkeyed digest of a connection string would let whoever reads a message try
     * passwords until one fits.
     */
    private static final SecretKeySpec KEY = new SecretKeySpec(new SecureRandom().generateSeed(32), ALGORITHM);

    private Messages() {}

    /** Foreign text on one line: control and format characters escaped, the rest cut. */
    static String shown(String text) {
        StringBuilder shown = new StringBuilder();
        int cut = Math.min(text.length(), LONGEST);
        text.substring(0, cut).codePoints().forEach(c -> {
            if (isPrintable(c)) {
                shown.appendCodePoint(c);
            } else {
                shown.append(String.format(c > 0xffff ? "\\u{%x}" : "\\u%04x", c));
            }
        });
        return text.length() > cut ? shown.append("...").toString() : shown.toString();
    }

    static boolean isPrintable(String text) {
        return text.codePoints().allMatch(Messages::isPrintable);
    }

    private static boolean isPrintable(int c) {
        return switch (Character.getType(c)) {
            case Character.CONTROL,
                    Character.FORMAT,
                    Character.SURROGATE,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR,
                    Character.UNASSIGNED -> false;
            default -> true;
        };
    }

    /** Some characters that differ where the bytes do, within this process. */
    static String fingerprint(byte[] bytes) {
        try {
            Mac mac = Mac.getInstance(ALGORITHM);
            mac.init(KEY);
            return HexFormat.of().formatHex(Arrays.copyOf(mac.doFinal(bytes), 4));
        } catch (GeneralSecurityException impossible) {
            throw new AssertionError(impossible); // every Java runtime has it
        }
    }
}
