package dev.perthread.cli.timeline;

import dev.perthread.cli.console.Output;

/** What a recording says, made harmless: whoever chose a thread's name or a failure's message chose its length too. */
final class Text {
    private static final int LONGEST = 200;

    private Text() {}

    static String plain(String text) {
        return cut(Output.plain(text.length() > LONGEST ? text.substring(0, LONGEST + 1) : text));
    }

    static String cut(String text) {
        if (text.length() <= LONGEST) {
            return text;
        }
        int end = Character.isHighSurrogate(text.charAt(LONGEST - 2)) ? LONGEST - 2 : LONGEST - 1;
        return text.substring(0, end) + "…";
    }
}
