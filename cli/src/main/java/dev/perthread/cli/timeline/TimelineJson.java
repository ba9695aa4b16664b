package dev.perthread.cli.timeline;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonFactoryBuilder;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.SerializableString;
import com.fasterxml.jackson.core.io.CharacterEscapes;
import com.fasterxml.jackson.core.json.JsonWriteFeature;
import dev.perthread.cli.timeline.Answers.Closed;
import dev.perthread.cli.timeline.Answers.Site;
import dev.perthread.cli.timeline.Timeline.Lane;
import dev.perthread.cli.timeline.Timeline.Many;
import dev.perthread.cli.timeline.Timeline.Mark;
import dev.perthread.cli.timeline.Timeline.Pool;
import dev.perthread.cli.timeline.Timeline.Resource;
import dev.perthread.cli.timeline.Timeline.Span;
import java.io.IOException;
import java.io.Writer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/** A timeline as the JSON that the page's scripts read, in a form that may stand inside a script element. */
final class TimelineJson {
    private static final int MOST_TEXT = 8_000_000; // characters: failures and thread names may all be different
    private static final String LEFT_OUT = "(left out: too much text for one page)";

    private static final JsonFactory JSON = new JsonFactoryBuilder()
            .enable(JsonWriteFeature.ESCAPE_NON_ASCII)
            .characterEscapes(new InsideScript())
            .build();

    private final Timeline timeline;
    private final Map<String, Integer> texts = new HashMap<>(); // each is written once
    private final List<String> textList = new ArrayList<>();
    private long written;

    TimelineJson(Timeline timeline) {
        this.timeline = timeline;
    }

    void write(Writer out) throws IOException {
        try (JsonGenerator json = JSON.createGenerator(out)) {
            json.disable(JsonGenerator.Feature.AUTO_CLOSE_TARGET);
            json.writeStartObject();
            json.writeStringField("source", timeline.source());
            json.writeStringField("hint", timeline.leasesRecorded() ? "" : Timeline.NO_LEASES);
            json.writeStringField("condensed", timeline.condensed());
            json.writeNumberField("begin", timeline.begin().toEpochMilli());
            json.writeNumberField("length", timeline.nanos());
            json.writeObjectFieldStart("all");
            json.writeNumberField("threads", timeline.all().threads());
            json.writeNumberField("resources", timeline.all().resources());
            json.writeNumberField("openings", timeline.all().openings());
            json.writeNumberField("idle", timeline.all().idle());
            json.writeEndObject();
            pools(json);
            lanes(json);
            spans(json, timeline.spans());
            marks(json);
            answers(json);
            json.writeArrayFieldStart("texts");
            for (String text : textList) {
                json.writeString(text);
            }
            json.writeEndArray();
            json.writeEndObject();
        }
    }

    private void pools(JsonGenerator json) throws IOException {
        json.writeArrayFieldStart("pools");
        for (Pool pool : timeline.pools()) {
            json.writeStartArray();
            json.writeString(named(pool.name(), "pool " + pool.id()));
            json.writeNumber(pool.id());
            json.writeNumber(pool.limit());
            json.writeEndArray();
        }
        json.writeEndArray();
        json.writeArrayFieldStart("resources");
        for (Resource resource : timeline.resources()) {
            row(json, resource.pool(), resource.id());
        }
        json.writeEndArray();
    }

    private void lanes(JsonGenerator json) throws IOException {
        json.writeArrayFieldStart("threads");
        for (Lane lane : timeline.lanes()) {
            json.writeStartArray();
            json.writeString(named(lane.thread(), "thread " + lane.id()));
            json.writeNumber(lane.id());
            row(json, lane.rowPools().stream().mapToLong(Integer::longValue).toArray());
            json.writeEndArray();
        }
        json.writeEndArray();
    }

    private static void row(JsonGenerator json, long... numbers) throws IOException {
        json.writeArray(numbers, 0, numbers.length);
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
        column(json, "thread", spans, Span::lane);
        column(json, "row", spans, Span::row);
        column(json, "resource", spans, Span::resource);
        column(json, "pool", spans, Span::pool);
        column(json, "place", spans, Span::place);
        column(json, "note", spans, span -> text(span.note()));
        column(json, "stack", spans, span -> text(span.stack()));
        json.writeEndObject();
        json.writeArrayFieldStart("many");
        for (Span span : spans) {
            Many many = span.many();
            if (many != null) {
                row(json, many.count(), many.busy(), many.threads());
            }
        }
        json.writeEndArray();
    }

    private static void column(JsonGenerator json, String name, List<Span> spans, ToLongFunction<Span> value)
            throws IOException {
        json.writeArrayFieldStart(name);
        for (Span span : spans) {
            json.writeNumber(value.applyAsLong(span));
        }
        json.writeEndArray();
    }

    private void marks(JsonGenerator json) throws IOException {
        json.writeArrayFieldStart("marks");
        for (Mark mark : timeline.marks()) {
            row(
                    json,
                    mark.trouble().code,
                    mark.lane(),
                    mark.row(),
                    mark.at(),
                    mark.resource(),
                    mark.pool(),
                    mark.place(),
                    text(mark.note()),
                    text(mark.stack()));
        }
        json.writeEndArray();
    }

    private void answers(JsonGenerator json) throws IOException {
        json.writeObjectFieldStart("answers");
        json.writeArrayFieldStart("sites");
        for (Site site : timeline.answers().sites()) {
            row(
                    json,
                    site.what().code,
                    site.pool(),
                    text(site.stack()),
                    site.count(),
                    site.total(),
                    site.median(),
                    site.p99(),
                    site.longest());
        }
        json.writeEndArray();
        json.writeArrayFieldStart("closed");
        for (Closed closed : timeline.answers().closings()) {
            row(json, closed.pool(), text(closed.reason()), closed.count());
        }
        json.writeEndArray();
        json.writeEndObject();
    }

    private int text(String text) {
        Integer known = texts.get(text);
        if (known != null) {
            return known;
        }
        String fits = fits(text) ? text : LEFT_OUT;
        return texts.computeIfAbsent(fits, unknown -> {
            textList.add(unknown);
            return textList.size() - 1;
        });
    }

    private String named(String name, String otherwise) {
        return fits(name) ? name : otherwise;
    }

    private boolean fits(String text) {
        if (written + text.length() > MOST_TEXT) {
            return false;
        }
        written += text.length();
        return true;
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
