package dev.perthread.cli.fetch;

import static dev.perthread.fuzz.Promises.holds;

import dev.perthread.fuzz.Promises;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Locale;
import java.util.Objects;
import java.util.Random;

/**
 * HTTP answers: judged alike however they are cut into pieces, and as a second, slower reading of the same bytes has
 * it.
 */
public final class ResponseInspectorFuzz {
    private static final int LONGEST_HEAD = 65_536;

    private ResponseInspectorFuzz() {}

    /** The first byte says where the others are cut. */
    public static void fuzzerTestOneInput(byte[] input) {
        if (input.length == 0) {
            return;
        }
        byte[] sent = Arrays.copyOfRange(input, 1, input.length);
        ResponseInspector whole = new ResponseInspector();
        whole.add(sent);
        ResponseInspector cut = new ResponseInspector();
        Random random = new Random(input[0]);
        for (int from = 0; from < sent.length; ) {
            int to = from + Promises.nextPiece(random, sent.length - from);
            cut.add(Arrays.copyOfRange(sent, from, to));
            from = to;
        }
        String complaint = cut.complaint();
        holds(cut.bytes() == sent.length && whole.bytes() == sent.length, "counts " + cut.bytes());
        holds(cut.status() == whole.status(), "the status depends on the pieces");
        holds(Objects.equals(complaint, whole.complaint()), "the complaint depends on the pieces");
        holds(cut.status() == 0 || (cut.status() >= 100 && cut.status() <= 999), "status " + cut.status());
        if (complaint != null) {
            Promises.isOneLineToRead(complaint);
            holds(complaint.length() < 200, "a complaint that grows with what was sent");
        }
        compare(cut, sent);
    }

    /** Line by line, without a pattern. */
    private static void compare(ResponseInspector answer, byte[] sent) {
        String text = new String(sent, 0, Math.min(sent.length, LONGEST_HEAD), StandardCharsets.ISO_8859_1);
        String announced = null;
        boolean encoded = false;
        boolean first = true;
        for (int from = 0; ; first = false) {
            int end = text.indexOf('\n', from);
            if (end < 0) {
                return; // the end of the head did not come
            }
            String line = text.substring(from, end > from && text.charAt(end - 1) == '\r' ? end - 1 : end);
            from = end + 1;
            if (line.isEmpty() && !first) {
                judge(answer, announced, encoded, sent.length - from);
                return;
            }
            String lower = line.toLowerCase(Locale.ROOT);
            encoded |= !first && lower.startsWith("transfer-encoding:");
            if (!first && announced == null && lower.startsWith("content-length:")) {
                announced = trim(line.substring("content-length:".length()));
            }
        }
    }

    private static String trim(String value) {
        int from = 0;
        int to = value.length();
        while (from < to && (value.charAt(from) == ' ' || value.charAt(from) == '\t')) {
            from++;
        }
        while (to > from && (value.charAt(to - 1) == ' ' || value.charAt(to - 1) == '\t')) {
            to--;
        }
        return value.substring(from, to);
    }

    private static void judge(ResponseInspector answer, String announced, boolean encoded, int came) {
        int status = answer.status();
        if (status == 0) {
            return;
        }
        boolean comparable = status >= 200 && status != 204 && status != 304 && !encoded;
        boolean early = comparable
                && announced != null
                && !announced.isEmpty()
                && announced.length() <= 18
                && announced.chars().allMatch(c -> c >= '0' && c <= '9')
                && came < Long.parseLong(announced);
        String complaint = answer.complaint();
        boolean told = complaint != null && complaint.contains("ends early");
        // Of several lengths, or ones that are no number, nothing is promised but that a good first one counts.
        holds(!early || told, "is cut short, and nobody says so");
        holds(
                !told || early || announced == null || !announced.matches("\\d{1,18}"),
                "is whole, and yet: " + complaint);
        holds(!told || announced != null, "no length, and yet: " + complaint);
    }
}
