package newsline.devnode;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import org.apache.lucene.analysis.CharArraySet;
import org.apache.lucene.analysis.LowerCaseFilter;
import org.apache.lucene.analysis.TokenStream;
import org.apache.lucene.analysis.ar.ArabicNormalizationFilter;
import org.apache.lucene.analysis.cjk.CJKBigramFilter;
import org.apache.lucene.analysis.cjk.CJKWidthFilter;
import org.apache.lucene.analysis.core.DecimalDigitFilter;
import org.apache.lucene.analysis.de.GermanNormalizationFilter;
import org.apache.lucene.analysis.el.GreekLowerCaseFilter;
import org.apache.lucene.analysis.fa.PersianNormalizationFilter;
import org.apache.lucene.analysis.fr.FrenchAnalyzer;
import org.apache.lucene.analysis.ga.IrishLowerCaseFilter;
import org.apache.lucene.analysis.miscellaneous.ASCIIFoldingFilter;
import org.apache.lucene.analysis.miscellaneous.LengthFilter;
import org.apache.lucene.analysis.miscellaneous.PatternKeywordMarkerFilter;
import org.apache.lucene.analysis.miscellaneous.RemoveDuplicatesTokenFilter;
import org.apache.lucene.analysis.miscellaneous.SetKeywordMarkerFilter;
import org.apache.lucene.analysis.miscellaneous.TrimFilter;
import org.apache.lucene.analysis.miscellaneous.TruncateTokenFilter;
import org.apache.lucene.analysis.ngram.EdgeNGramTokenFilter;
import org.apache.lucene.analysis.pattern.PatternCaptureGroupTokenFilter;
import org.apache.lucene.analysis.tr.ApostropheFilter;
import org.apache.lucene.analysis.tr.TurkishLowerCaseFilter;
import org.apache.lucene.analysis.util.ElisionFilter;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.index.analysis.AbstractTokenFilterFactory;
import org.elasticsearch.index.analysis.NormalizingTokenFilterFactory;
import org.elasticsearch.index.analysis.PreConfiguredTokenFilter;
import org.elasticsearch.index.analysis.TokenFilterFactory;
import org.elasticsearch.indices.analysis.AnalysisModule.AnalysisProvider;
import org.elasticsearch.plugins.AnalysisPlugin;

/** Token filters: by name alone where they need no settings, and with settings. */
final class TokenFilters {
    static final List<PreConfiguredTokenFilter> READY = new ArrayList<>();
    static final Map<String, AnalysisProvider<TokenFilterFactory>> CONFIGURABLE = new HashMap<>();

    static {
        // Those that change letters and nothing else may stand in a normalizer.
        letters("arabic_normalization", ArabicNormalizationFilter::new);
        letters("cjk_width", CJKWidthFilter::new);
        letters("decimal_digit", DecimalDigitFilter::new);
        letters("german_normalization", GermanNormalizationFilter::new);
        letters("persian_normalization", PersianNormalizationFilter::new);
        letters("trim", TrimFilter::new);
        ready("asciifolding", true, ASCIIFoldingFilter::new);
        CONFIGURABLE.put("asciifolding", TokenFilters::asciiFolding);
        ready("elision", true, in -> new ElisionFilter(in, FrenchAnalyzer.DEFAULT_ARTICLES));
        CONFIGURABLE.put("elision", needingSettings(normalizing(TokenFilters::elision)));
        CONFIGURABLE.put("lowercase", normalizing(TokenFilters::lowerCase));

        words("apostrophe", ApostropheFilter::new);
        words("remove_duplicates", RemoveDuplicatesTokenFilter::new);
        ready("unique", false, in -> new UniqueFilter(in, false));
        CONFIGURABLE.put("unique", plain(TokenFilters::unique));
        ready("cjk_bigram", false, CJKBigramFilter::new);
        CONFIGURABLE.put("cjk_bigram", plain(TokenFilters::cjkBigram));
        ready("edge_ngram", false, in -> new EdgeNGramTokenFilter(in, 1));
        CONFIGURABLE.put("edge_ngram", plain(TokenFilters::edgeNGram));
        ready("length", false, in -> new LengthFilter(in, 0, Integer.MAX_VALUE));
        CONFIGURABLE.put("length", plain(TokenFilters::length));
        ready("truncate", false, in -> new TruncateTokenFilter(in, 10));
        CONFIGURABLE.put("truncate", needingSettings(plain(TokenFilters::truncate)));
        CONFIGURABLE.put("keyword_marker", needingSettings(plain(TokenFilters::keywordMarker)));
        CONFIGURABLE.put("pattern_capture", needingSettings(plain(TokenFilters::patternCapture)));
        CONFIGURABLE.put("stemmer", plain(TokenFilters::stemmer));
    }

    private TokenFilters() {}

    private static void ready(String name, boolean inNormalizers, UnaryOperator<TokenStream> wrap) {
        READY.add(PreConfiguredTokenFilter.singleton(name, inNormalizers, wrap::apply));
    }

    private static void letters(String name, UnaryOperator<TokenStream> wrap) {
        ready(name, true, wrap);
        CONFIGURABLE.put(name, normalizing(settings -> wrap));
    }

    private static void words(String name, UnaryOperator<TokenStream> wrap) {
        ready(name, false, wrap);
        CONFIGURABLE.put(name, plain(settings -> wrap));
    }

    private static AnalysisProvider<TokenFilterFactory> plain(
            Function<Settings, UnaryOperator<TokenStream>> recipe) {
        return (index, env, name, settings) -> new Filter(name, recipe.apply(settings));
    }

    private static AnalysisProvider<TokenFilterFactory> normalizing(
            Function<Settings, UnaryOperator<TokenStream>> recipe) {
        return (index, env, name, settings) -> {
            UnaryOperator<TokenStream> wrap = recipe.apply(settings);
            return new NormalizingFilter(name, wrap, wrap);
        };
    }

    /** Marks a filter that makes no sense by its name alone. */
    private static AnalysisProvider<TokenFilterFactory> needingSettings(
            AnalysisProvider<TokenFilterFactory> provider) {
        return AnalysisPlugin.requiresAnalysisSettings(provider);
    }

    /** Keeps the accented form beside the plain one where asked, but not of a wildcard query. */
    private static TokenFilterFactory asciiFolding(
            Object index, Object env, String name, Settings settings) {
        boolean keep = settings.getAsBoolean("preserve_original", false);
        return new NormalizingFilter(
                name, in -> new ASCIIFoldingFilter(in, keep), ASCIIFoldingFilter::new);
    }

    private static UnaryOperator<TokenStream> lowerCase(Settings settings) {
        String language = settings.get("language");
        return switch (language) {
            case null -> LowerCaseFilter::new;
            case "turkish" -> TurkishLowerCaseFilter::new;
            case "greek" -> GreekLowerCaseFilter::new;
            case "irish" -> IrishLowerCaseFilter::new;
            default -> throw new IllegalArgumentException(
                    "language [" + language + "] not support for lower case");
        };
    }

    private static UnaryOperator<TokenStream> elision(Settings settings) {
        boolean ignoreCase = settings.getAsBoolean("articles_case", false);
        CharArraySet articles = wordSet(settings, "articles", ignoreCase);
        return in -> new ElisionFilter(in, articles);
    }

    private static UnaryOperator<TokenStream> unique(Settings settings) {
        boolean samePosition = settings.getAsBoolean("only_on_same_position", false);
        return in -> new UniqueFilter(in, samePosition);
    }

    private static UnaryOperator<TokenStream> cjkBigram(Settings settings) {
        Map<String, Integer> scripts =
                Map.of(
                        "han", CJKBigramFilter.HAN,
                        "hiragana", CJKBigramFilter.HIRAGANA,
                        "katakana", CJKBigramFilter.KATAKANA,
                        "hangul", CJKBigramFilter.HANGUL);
        List<String> ignored = settings.getAsList("ignored_scripts");
        int flags = 0;
        for (Map.Entry<String, Integer> script : scripts.entrySet()) {
            flags |= ignored.contains(script.getKey()) ? 0 : script.getValue();
        }
        int joined = flags;
        boolean unigrams = settings.getAsBoolean("output_unigrams", false);
        return in -> new CJKBigramFilter(in, joined, unigrams);
    }

    private static UnaryOperator<TokenStream> edgeNGram(Settings settings) {
        int shortest = settings.getAsInt("min_gram", 1);
        int longest = settings.getAsInt("max_gram", 2);
        boolean keep = settings.getAsBoolean("preserve_original", false);
        return in -> new EdgeNGramTokenFilter(in, shortest, longest, keep);
    }

    private static UnaryOperator<TokenStream> length(Settings settings) {
        int shortest = settings.getAsInt("min", 0);
        int longest = settings.getAsInt("max", Integer.MAX_VALUE);
        return in -> new LengthFilter(in, shortest, longest);
    }

    private static UnaryOperator<TokenStream> truncate(Settings settings) {
        int length = settings.getAsInt("length", -1);
        if (length <= 0) {
            throw new IllegalArgumentException("length parameter must be provided");
        }
        return in -> new TruncateTokenFilter(in, length);
    }

    private static UnaryOperator<TokenStream> keywordMarker(Settings settings) {
        boolean ignoreCase = settings.getAsBoolean("ignore_case", false);
        String pattern = settings.get("keywords_pattern");
        if (pattern != null) {
            Pattern compiled = Pattern.compile(pattern);
            return in -> new PatternKeywordMarkerFilter(in, compiled);
        }
        CharArraySet keywords = wordSet(settings, "keywords", ignoreCase);
        return in -> new SetKeywordMarkerFilter(in, keywords);
    }

    private static UnaryOperator<TokenStream> patternCapture(Settings settings) {
        List<String> patterns = settings.getAsList("patterns");
        if (patterns.isEmpty()) {
            throw new IllegalArgumentException("required setting 'patterns' is missing");
        }
        Pattern[] compiled = patterns.stream().map(Pattern::compile).toArray(Pattern[]::new);
        boolean keep = settings.getAsBoolean("preserve_original", true);
        return in -> new PatternCaptureGroupTokenFilter(in, keep, compiled);
    }

    private static UnaryOperator<TokenStream> stemmer(Settings settings) {
        return Stemmers.named(settings.get("language", settings.get("name", "porter")));
    }

    private static CharArraySet wordSet(Settings settings, String key, boolean ignoreCase) {
        List<String> words = settings.getAsList(key);
        if (words.isEmpty()) {
            throw new IllegalArgumentException("required setting '" + key + "' is missing");
        }
        return CharArraySet.unmodifiableSet(new CharArraySet(words, ignoreCase));
    }

    private static class Filter extends AbstractTokenFilterFactory {
        private final UnaryOperator<TokenStream> wrap;

        Filter(String name, UnaryOperator<TokenStream> wrap) {
            super(name);
            this.wrap = wrap;
        }

        @Override
        public TokenStream create(TokenStream tokens) {
            return wrap.apply(tokens);
        }
    }

    /** Allowed in normalizers, and used on the words of wildcard queries. */
    private static final class NormalizingFilter extends Filter
            implements NormalizingTokenFilterFactory {
        private final UnaryOperator<TokenStream> normalizing;

        NormalizingFilter(
                String name,
                UnaryOperator<TokenStream> wrap,
                UnaryOperator<TokenStream> normalizing) {
            super(name, wrap);
            this.normalizing = normalizing;
        }

        @Override
        public TokenStream normalize(TokenStream tokens) {
            return normalizing.apply(tokens);
        }
    }
}
