package dev.perthread.cli.timeline;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonFactoryBuilder;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.SerializableString;
import com.fasterxml.jackson.core.io.CharacterEscapes;
import com.fasterxml.jackson.core.json.JsonWriteFeature;
import dev.perthread.cli.console.CommandFailure;
import dev.perthread.cli.console.ErrorMessages;
import dev.perthread.cli.timeline.Timeline.Lane;
import dev.perthread.cli.timeline.Timeline.Mark;
import dev.perthread.cli.timeline.Timeline.Resource;
import dev.perthread.cli.timeline.Timeline.Span;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.InputStream;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToLongFunction;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The writer of a timeline as one HTML page that needs nothing else: style, chart library, script and data are all in
 * it.
 */
final class TimelinePage {
    /** Where the template wants something, such as {@code @@style@@}. */
    private static final Pattern PLACE = Pattern.compile("@@(\\w+)@@");

    private static final JsonFactory JSON = new JsonFactoryBuilder()
            .enable(JsonWriteFeature.ESCAPE_NON_ASCII)
            .characterEscapes(new InsideScript())
            .build();

    private final Timeline timeline;
    private final Map<String, Integer> texts = new HashMap<>(); // each is written once
    private final List<String> textList = new ArrayList<>();

    private TimelinePage(Timeline timeline) {
        this.timeline = timeline;
    }

    static void write(Timeline timeline, Path file) throws CommandFailure {
        try (BufferedWriter out = Files.newBufferedWriter(file)) {
            new TimelinePage(timeline).write(out);
        } catch (IOException e) {
            throw new CommandFailure(file + ": cannot be written to (" + ErrorMessages.ofFile(e) + ")");
        }
    }

    private void write(Writer out) throws IOException {
        String template = resource("timeline.html");
        Matcher places = PLACE.matcher(template);
        int done = 0;
        for (MatchResult place : places.results().toList()) {
            out.write(template, done, place.start() - done);
            done = place.end();
            switch (place.group(1)) {
                case "style" -> out.write(resource("timeline.css"));
                case "library" -> out.write(resource("echarts.min.js"));
                case "script" -> out.write(resource("timeline.js"));
                default -> data(out);
            }
        }
        out.write(template, done, template.length() - done);
    }

    private static String resource(String name) throws IOException {
        try (InputStream in = TimelinePage.class.getResourceAsStream(name)) {
            if (in == null) {
                throw new IllegalStateException(name + " is missing in the jar");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private void data(Writer out) throws IOException {
        try (JsonGenerator json = JSON.createGenerator(out)) {
            json.disable(JsonGenerator.Feature.AUTO_CLOSE_TARGET);
            json.writeStartObject();
            json.writeStringField("source", timeline.source());
            json.writeStringField("hint", timeline.leasesRecorded() ? "" : Timeline.NO_LEASES);
            json.writeNumberField("begin", timeline.begin().toEpochMilli());
            json.writeNumberField("length", timeline.nanos());
            json.writeArrayFieldStart("lanes");
            for (Lane lane : timeline.lanes()) {
                json.writeStartArray();
                json.writeString(lane.thread());
                json.writeNumber(lane.id());
                json.writeNumber(lane.rows());
                json.writeEndArray();
            }
            json.writeEndArray();
            json.writeArrayFieldStart("resources");
            for (Resource resource : timeline.resources()) {
                json.writeString(timeline.name(resource));
            }
            json.writeEndArray();
            spans(json, timeline.spans());
            json.writeArrayFieldStart("marks");
            for (Mark mark : timeline.marks()) {
                json.writeStartArray();
                json.writeNumber(mark.trouble().code);
                json.writeNumber(mark.lane());
                json.writeNumber(mark.row());
                json.writeNumber(mark.at());
                json.writeNumber(mark.resource());
                json.writeNumber(text(mark.note()));
                json.writeNumber(text(mark.stack()));
                json.writeEndArray();
            }
            json.writeEndArray();
            json.writeArrayFieldStart("texts");
            for (String text : textList) {
                json.writeString(text);
            }
            json.writeEndArray();
            json.writeEndObject();
        }
    }

    /** A column at a time, and the beginnings as differences: short numbers, and no names again and again. */
    private void spans(JsonGenerator json, List<Span> spans) throws IOException {
        long[] before = {0};
        json.writeObjectFieldStart("spans");
        column(json, "after", spans, span -> {
            long difference = span.from() - before[0];
            before[0] = span.from();
            return difference;
        });
        column(json, "length", spans, span -> span.to() - span.from());
        column(json, "kind", spans, span -> span.kind().code);
        column(json, "lane", spans, Span::lane);
        column(json, "row", spans, Span::row);
        column(json, "resource", spans, Span::resource);
        column(json, "note", spans, span -> text(span.note()));
        column(json, "stack", spans, span -> text(span.stack()));
        json.writeEndObject();
    }

    private static void column(JsonGenerator json, String name, List<Span> spans, ToLongFunction<Span> value)
            throws IOException {
        json.writeArrayFieldStart(name);
        for (Span span : spans) {
            json.writeNumber(value.applyAsLong(span));
        }
        json.writeEndArray();
    }

    private int text(String text) {
        return texts.computeIfAbsent(text, unknown -> {
            textList.add(unknown);
            return textList.size() - 1;
        });
    }

    /** What could end the script element that the data stands in, whoever chose a thread's name. */
    private static final class InsideScript extends CharacterEscapes {
        private static final long serialVersionUID = 1L;

        @Override
        public int[] getEscapeCodesForAscii() {
            int[] codes = standardAsciiEscapesForJSON();
            codes['<'] = ESCAPE_STANDARD;
            codes['>'] = ESCAPE_STANDARD;
            codes['&'] = ESCAPE_STANDARD;
            return codes;
        }

        @Override
        public @Nullable SerializableString getEscapeSequence(int character) {
            return null; // the standard ones do
        }
    }
}
