package dev.perthread.cli.fetch;

import static dev.perthread.fuzz.Promises.holds;

import dev.perthread.fuzz.Promises;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
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
        whole.add(sent, 0, sent.length);
        ResponseInspector cut = new ResponseInspector();
        Random random = new Random(input[0]);
        for (int from = 0; from < sent.length; ) {
            int to = from + Promises.nextPiece(random, sent.length - from);
            cut.add(sent, from, to - from);
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
        List<String> announced = new ArrayList<>();
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
            if (!first && lower.startsWith("content-length:")) {
                for (String part : line.substring("content-length:".length()).split(",", -1)) {
                    announced.add(trim(part));
                }
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

    private static void judge(ResponseInspector answer, List<String> announced, boolean encoded, int came) {
        int status = answer.status();
        if (status == 0) {
            return;
        }
        boolean comparable = status >= 200 && status != 204 && status != 304 && !encoded;
        boolean numbers = announced.stream().allMatch(value -> value.matches("[0-9]+"));
        boolean valid =
                numbers && announced.stream().map(BigInteger::new).distinct().count() == 1;
        boolean early = comparable && valid && BigInteger.valueOf(came).compareTo(new BigInteger(announced.get(0))) < 0;
        String complaint = answer.complaint();
        holds(
                early == (complaint != null && complaint.startsWith("the response ends early")),
                "cut short or not: " + complaint);
        boolean contradictory = comparable && !announced.isEmpty() && !valid;
        holds(
                contradictory == (complaint != null && complaint.contains("must be one number")),
                announced + ", and yet: " + complaint);
    }
}
