package dev.perthread.cli.timeline;

import dev.perthread.cli.console.CommandFailure;
import dev.perthread.cli.console.ErrorMessages;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStreamWriter;
import java.io.StringWriter;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** A timeline as one HTML page that needs nothing else: style, chart library, scripts and data are all in it. */
final class TimelinePage {
    /** So many bars are drawn one by one. */
    static final int MOST_BARS = 200_000;

    /** Where the template wants something, such as {@code @@style@@}. */
    private static final Pattern PLACE = Pattern.compile("@@(\\w+)@@");

    /** Each uses those before it. In the page they are one script, so that they share their names with nothing else. */
    private static final List<String> SCRIPTS = List.of("data.js", "layout.js", "draw.js", "answers.js", "controls.js");

    private final Timeline timeline;
    private final @Nullable Duration interval; // null for a page that does not change
    private final String style = resource("timeline.css");
    private final String library = resource("echarts.min.js");
    private final String script;

    private TimelinePage(Timeline timeline, @Nullable Duration interval) throws IOException {
        this.timeline = timeline;
        this.interval = interval;
        StringBuilder scripts = new StringBuilder("(() => {\n'use strict';\n");
        for (String name : SCRIPTS) {
            scripts.append(resource(name));
        }
        this.script = scripts.append("})();\n").toString();
    }

    /** Writes the page of a timeline; over a file that is there already only if asked to. */
    static void write(Timeline timeline, Path file, boolean overwrite) throws CommandFailure {
        OpenOption[] options = overwrite
                ? new OpenOption[] {
                    StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE
                }
                : new OpenOption[] {StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE};
        try (Writer out = new BufferedWriter(
                new OutputStreamWriter(Files.newOutputStream(file, options), StandardCharsets.UTF_8))) {
            new TimelinePage(timeline, null).write(out);
        } catch (FileAlreadyExistsException e) {
            throw exists(file);
        } catch (IOException e) {
            throw new CommandFailure(file + ": cannot be written to (" + ErrorMessages.ofFile(e) + ")");
        }
    }

    /** The page of what a timeline is now, which asks for its data again and again at the address {@code data} beside its own. */
    static String live(Timeline now, Duration interval) throws IOException {
        StringWriter html = new StringWriter();
        new TimelinePage(now, interval).write(html);
        return html.toString();
    }

    /** The policy of such a page, for the answer's header. */
    static String livePolicy(Timeline any, Duration interval) throws IOException {
        return new TimelinePage(any, interval).policy();
    }

    static CommandFailure exists(Path file) {
        return new CommandFailure(file + ": exists already; --force overwrites it");
    }

    private void write(Writer out) throws IOException {
        String template = resource("timeline.html");
        int done = 0;
        for (MatchResult place : PLACE.matcher(template).results().toList()) {
            out.write(template, done, place.start() - done);
            done = place.end();
            switch (place.group(1)) {
                case "policy" -> out.write(policy());
                case "style" -> out.write(style);
                case "library" -> out.write(library);
                case "script" -> out.write(script);
                case "live" -> out.write(interval == null ? "" : " data-interval=\"" + interval.toMillis() + "\"");
                default -> new TimelineJson(timeline).write(out);
            }
        }
        out.write(template, done, template.length() - done);
    }

    /**
     * Nothing but what is in the page by our doing, told by its digest, is executed or obeyed; so that what a recording says
     * has no effect even if a mistake of ours let it into the page as markup.
     */
    private String policy() {
        return "default-src 'none'; script-src '" + digest(library) + "' '" + digest(script) + "'; style-src '"
                + digest(style) + "'; img-src data:; form-action 'none'; base-uri 'none'"
                + (interval == null ? "" : "; connect-src 'self'");
    }

    private static String digest(String text) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
            return "sha256-" + Base64.getEncoder().encodeToString(digest);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e); // every Java has it
        }
    }

    /** With the ends of line that a browser sees, whatever the file's are: the digest is of those. */
    private static String resource(String name) throws IOException {
        try (InputStream in = TimelinePage.class.getResourceAsStream(name)) {
            if (in == null) {
                throw new IllegalStateException(name + " is missing in the jar");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8).replace("\r\n", "\n");
        }
    }
}
