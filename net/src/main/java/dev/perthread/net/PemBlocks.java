package dev.perthread.net;

import java.util.ArrayList;
import java.util.Base64;
import java.util.List;

/**
 * The scanner of the blocks in a PEM file (RFC 7468). It goes line by line and leaves nothing out: a block that does not
 * end, or is damaged, is refused and not passed over, because a bundle of authorities with one missing is another bundle.
 * What stands between the blocks is explanation, and ignored.
 */
final class PemBlocks {
    private static final String BEGIN = "-----BEGIN ";
    private static final String END = "-----END ";
    private static final String DASHES = "-----";

    /**
     * One block.
     *
     * @param number from 1
     * @param label what it is, such as CERTIFICATE
     * @param encrypted whether its own header says so, as OpenSSL's older form does
     * @param base64 what it contains, which is Base64; empty if it is encrypted
     */
    record Block(int number, String label, boolean encrypted, String base64) {
        byte[] bytes() {
            return Base64.getDecoder().decode(base64);
        }

        String shown() {
            return PemBlocks.shown(number, label);
        }
    }

    /** What is wrong, without the file's name. */
    static final class Malformed extends Exception {
        private static final long serialVersionUID = 1;

        Malformed(String why) {
            super(why);
        }
    }

    private final List<Block> blocks = new ArrayList<>();
    private final StringBuilder base64 = new StringBuilder();
    private String label = ""; // of the block that has begun, or empty
    private int begun; // its line
    private boolean encrypted;
    private boolean header; // whether its header has begun and not ended

    private PemBlocks() {}

    /** All blocks in this order; none if there is no line that begins one. */
    static List<Block> of(String text) throws Malformed {
        PemBlocks scanner = new PemBlocks();
        int number = 0;
        for (String line : (Iterable<String>) text.lines()::iterator) {
            number++;
            scanner.line(line.strip(), number);
        }
        if (!scanner.label.isEmpty()) {
            throw new Malformed(scanner.current() + " does not end");
        }
        return scanner.blocks;
    }

    private void line(String line, int number) throws Malformed {
        boolean begins =
                line.startsWith(BEGIN) && line.endsWith(DASHES) && line.length() > BEGIN.length() + DASHES.length();
        boolean marker = line.startsWith("-") && (line.contains("BEGIN ") || line.contains("END "));
        if (label.isEmpty()) {
            if (begins) {
                label = line.substring(BEGIN.length(), line.length() - DASHES.length());
                begun = number;
            } else if (marker) {
                throw new Malformed("its line " + number + " must be -----BEGIN NAME-----, but begins no block");
            }
        } else if (line.equals(END + label + DASHES)) {
            end();
        } else if (marker) {
            throw new Malformed(current() + " does not end before line " + number);
        } else {
            content(line);
        }
    }

    private void content(String line) {
        if (base64.length() == 0 && line.indexOf(':') >= 0) { // RFC 1421, section 4.6
            header = true;
            encrypted |= line.startsWith("Proc-Type:") && line.contains("ENCRYPTED");
        } else if (header) {
            header = !line.isEmpty();
        } else {
            base64.append(line);
        }
    }

    private void end() throws Malformed {
        Block block = new Block(blocks.size() + 1, label, encrypted, encrypted ? "" : base64.toString());
        try {
            block.bytes();
        } catch (IllegalArgumentException e) {
            throw new Malformed(current() + " is not Base64");
        }
        blocks.add(block);
        base64.setLength(0);
        label = "";
        encrypted = false;
        header = false;
    }

    private String current() {
        return shown(blocks.size() + 1, label) + " from line " + begun;
    }

    private static String shown(int number, String label) {
        return "its block " + number + " (" + Messages.shown(label, 40) + ")";
    }
}
