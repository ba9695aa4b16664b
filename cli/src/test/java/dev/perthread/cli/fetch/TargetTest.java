package dev.perthread.cli.fetch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A URL becomes a host to connect to and a Host to name; what is no URL is refused without what may be a password. */
class TargetTest {
    @ParameterizedTest
    @CsvSource({
        "http://[::1%25lo]:80/, ::1%lo, [::1]",
        "http://[::1%lo]/, ::1%lo, [::1]",
        "http://[fe80::1%25]/, fe80::1%25, [fe80::1]",
        "http://[::1]/, ::1, [::1]",
        "http://b\u00fccher.example./, xn--bcher-kva.example., xn--bcher-kva.example.",
    })
    void zoneOfAnAddress_isForThisMachineOnly(String url, String host, String named) {
        Target target = Target.parse(url);
        assertThat(target.host()).isEqualTo(host);
        assertThat(new String(target.request("HTTP/1.0"), StandardCharsets.US_ASCII))
                .isEqualTo("GET / HTTP/1.0\r\nHost: " + named + "\r\n\r\n");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "http://me:S3CRET@a/",
                "http://me:S3/CRET@a/",
                "ftp://S3CRET@a/",
                "me:S3CRET@a",
                "http://S3 CRET@a/"
            })
    void refusalDoesNotQuoteALogin(String url) {
        assertThatThrownBy(() -> Target.parse(url))
                .isExactlyInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("...@a")
                .satisfies(refusal -> assertThat(refusal.getMessage()).doesNotContain("S3", "CRET"));
    }

    @Test
    void refusalQuotesTheRest() {
        assertThatThrownBy(() -> Target.parse("ftp://a/"))
                .hasMessage("must be http[s]://HOST[:PORT][/PATH], but 'ftp://a/' has the scheme 'ftp'");
    }

    @ParameterizedTest
    @ValueSource(strings = {"http://./", "https://...:80/x"})
    void dotsAlone_mustBeRefused_asAHost(String url) {
        assertThatThrownBy(() -> Target.parse(url))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("names the host");
    }
}
