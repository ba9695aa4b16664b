package dev.perthread.cli.fetch;

import com.fasterxml.jackson.core.JsonFactoryBuilder;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.SerializableString;
import com.fasterxml.jackson.core.io.CharacterEscapes;
import com.fasterxml.jackson.core.json.JsonWriteFeature;
import dev.perthread.cli.console.Output;
import java.io.IOException;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A report of a fetch run as one JSON document. Written as it happens, so that a long run needs no memory for its
 * results.
 */
final class JsonReport implements Report {
    private final Output output;
    private final boolean quiet;
    private final JsonGenerator json;
    private final ReentrantLock lock = new ReentrantLock();

    JsonReport(Output output, boolean quiet) throws IOException {
        this.output = output;
        this.quiet = quiet;
        // Jackson escapes the controls of ASCII alone, and not delete; those beyond it are obeyed by terminals too.
        this.json = new JsonFactoryBuilder()
                .enable(JsonWriteFeature.ESCAPE_NON_ASCII)
                .characterEscapes(new EscapeDelete())
                .build()
                .createGenerator(output.out())
                .disable(JsonGenerator.Feature.AUTO_CLOSE_TARGET)
                .useDefaultPrettyPrinter();
        json.writeStartObject();
        json.writeArrayFieldStart("results");
    }

    @Override
    public void note(String text) {
        output.error(text); // standard output is for the document alone
    }

    @Override
    public boolean outcome(Outcome outcome) {
        return quiet
                || write(() -> {
                    json.writeStartObject();
                    json.writeStringField("thread", outcome.thread());
                    json.writeStringField("url", outcome.target().url());
                    text("local", outcome.local());
                    text("remote", outcome.remote());
                    json.writeBooleanField("reused", outcome.reused());
                    json.writeNumberField("bytes", outcome.bytes());
                    if (outcome.status() == 0) {
                        json.writeNullField("status");
                    } else {
                        json.writeNumberField("status", outcome.status());
                    }
                    seconds(outcome.time());
                    text("failure", outcome.failure() == null ? "" : outcome.failure());
                    json.writeEndObject();
                });
    }

    @Override
    public boolean summary(Summary summary) {
        return write(() -> {
            json.writeEndArray();
            json.writeObjectFieldStart("summary");
            json.writeNumberField("threads", summary.threads());
            json.writeNumberField("requests", summary.planned());
            json.writeNumberField("succeeded", summary.succeeded());
            json.writeNumberField("failed", summary.failed());
            json.writeNumberField("replaced", summary.replaced());
            json.writeNumberField("repeated", summary.repeated());
            json.writeStringField("reuse", summary.reuse().name().toLowerCase(Locale.ROOT));
            json.writeNumberField("connections", summary.connections());
            json.writeNumberField("mostOpenAtOnce", summary.mostOpen());
            json.writeNumberField("bytes", summary.bytes());
            seconds(summary.time());
            json.writeBooleanField("interrupted", summary.interrupted());
            json.writeEndObject();
            json.writeEndObject();
            json.writeRaw(System.lineSeparator());
            json.flush();
        });
    }

    private void text(String field, String value) throws IOException {
        if (value.isEmpty()) {
            json.writeNullField(field);
        } else {
            json.writeStringField(field, value);
        }
    }

    private void seconds(Duration time) throws IOException {
        json.writeNumberField("seconds", time.toNanos() / 1e9);
    }

    private interface Fields {
        void write() throws IOException;
    }

    private boolean write(Fields fields) {
        lock.lock();
        try {
            fields.write();
            return !output.out().checkError();
        } catch (IOException e) {
            return false;
        } finally {
            lock.unlock();
        }
    }

    private static final class EscapeDelete extends CharacterEscapes {
        private static final long serialVersionUID = 1L;
        private static final int DELETE = 0x7f;

        @Override
        public int[] getEscapeCodesForAscii() {
            int[] codes = standardAsciiEscapesForJSON();
            codes[DELETE] = ESCAPE_STANDARD;
            return codes;
        }

        @Override
        public @Nullable SerializableString getEscapeSequence(int character) {
            return null; // no special form
        }
    }
}
