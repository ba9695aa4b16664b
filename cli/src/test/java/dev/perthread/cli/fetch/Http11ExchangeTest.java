package dev.perthread.cli.fetch;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.hc.core5.http.HttpException;
import org.apache.hc.core5.http.MessageConstraintException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Where an answer on a kept connection ends, and after which one the connection must not be used again. */
class Http11ExchangeTest {
    private static final String NEXT = "HTTP/1.1 299 next\r\nContent-Length: 0\r\n\r\n";

    private final AtomicLong came = new AtomicLong();

    private Http11Exchange exchange(InputStream from) {
        return new Http11Exchange(from, new ReadBuffers(), (in, at, length) -> came.addAndGet(length));
    }

    private static InputStream stream(String text) {
        return new ByteArrayInputStream(text.getBytes(ISO_8859_1));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx",
                "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;x=y\r\nx\r\n0\r\nTrailer: t\r\n\r\n",
                "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\nx",
                "HTTP/1.1 204 No Content\r\n\r\n",
                "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n",
                "HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n",
                "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nLink: a\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx"
            })
    void an_answer_that_says_where_it_ends_leaves_the_next_one_to_whoever_asks_for_it(String answer) throws Exception {
        InputStream both = new SequenceInputStream(stream(answer), stream(NEXT)); // as two pieces, one after the other
        Http11Exchange first = exchange(both);

        assertThat(first.receive()).isTrue();
        assertThat(came).hasValue(answer.length());

        Http11Exchange second = exchange(both);
        assertThat(second.receive()).isTrue();
        assertThat(second.status()).isEqualTo(299);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx",
                "HTTP/1.1 200 OK\r\nConnection: x, Close\r\nContent-Length: 1\r\n\r\nx",
                "HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx",
                "HTTP/1.1 200 OK\r\n\r\nto the end",
                "HTTP/1.1 205 Reset Content\r\n\r\n",
                "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
                "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx" + NEXT,
                "HTTP/1.1 204 No Content\r\n\r\nunasked",
                "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n",
                "HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n",
                "HTTP/1.1 200 OK\r\nContent-Length: 7\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
            })
    void one_that_does_not_or_says_two_things_or_is_followed_by_more_is_the_last(String answer) throws Exception {
        Http11Exchange exchange = exchange(stream(answer));

        assertThat(exchange.receive()).isFalse();
        assertThat(exchange.status()).isPositive();
    }

    @Test
    void cut_off_anywhere_it_is_no_answer() {
        for (String answer : new String[] {
            "HTTP/1.1 200 OK\r\nContent-Length: 10\r\nX: y\r\n\r\n0123456789",
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\nX: y\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\npa\r\n0\r\n\r\n"
        }) {
            for (int length = 0; length < answer.length(); length++) {
                String cut = answer.substring(0, length);
                assertThatThrownBy(() -> exchange(stream(cut)).receive())
                        .as(cut)
                        .isInstanceOfAny(IOException.class, HttpException.class);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "HTTP/1.1 000 OK\r\n\r\n",
                "HTTP/1.1 001 OK\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
                "HTTP/1.1 -20 OK\r\n\r\n",
                "HTTP/1.1 1000 OK\r\n\r\n",
                "HTTP/1.1 99999999999 OK\r\n\r\n",
                "SSH-2.0-garbage\r\n\r\n",
                "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxy",
                "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
                "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n",
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
                "HTTP/1.1 200 OK\r\nno colon\r\n\r\n"
            })
    void what_is_not_http_is_refused(String answer) {
        assertThatThrownBy(() -> exchange(stream(answer)).receive()).isInstanceOf(HttpException.class);
    }

    @Test
    void announcements_without_end_are_given_up() {
        assertThatThrownBy(() -> exchange(stream("HTTP/1.1 100 Continue\r\n\r\n".repeat(101) + NEXT))
                        .receive())
                .isInstanceOf(MessageConstraintException.class);
        assertThat(came.get()).isLessThan(8192);
    }

    @Test
    void a_header_may_be_long_but_does_not_fill_the_memory() throws Exception {
        String line = "X: " + "y".repeat(30_000) + "\r\n";
        String head = "HTTP/1.1 200 OK\r\n";
        String many = head + "X: y\r\n".repeat(150) + "Content-Length: 0\r\n\r\n";

        assertThat(exchange(stream(many)).receive()).isTrue();
        assertThatThrownBy(() -> exchange(stream(head + line.repeat(2000))).receive())
                .isInstanceOf(MessageConstraintException.class);
        assertThat(came.get()).isLessThan(8_000_000);
        assertThatThrownBy(() ->
                        exchange(stream(head + "X: " + "y".repeat(10_000_000))).receive())
                .isInstanceOf(MessageConstraintException.class);
        assertThatThrownBy(() -> exchange(stream(head + "X: a\r\n" + (" " + "y".repeat(9_000) + "\r\n").repeat(900)))
                        .receive())
                .isInstanceOf(MessageConstraintException.class);
    }
}
