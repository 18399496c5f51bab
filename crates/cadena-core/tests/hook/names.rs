//! Names: stable over runs, over concurrency and over streaming, and never given twice.

use super::*;

/// A composition from text to text with models and tools in it.
#[derive(Clone, Debug)]
enum Shape {
    Say,
    Shout,
    Sequence(Vec<Self>),
    Tuple(Box<Self>, Box<Self>),
    Named(Box<Self>, Box<Self>),
    Map(Box<Self>),
    Branch(Box<Self>, Box<Self>),
    Route(Box<Self>),
    Retry(Box<Self>),
    Fallbacks(Box<Self>),
    Twice(Box<Self>),
    Wrapped(Box<Self>),
}

fn shape() -> impl Strategy<Value = Shape> {
    prop_oneof![Just(Shape::Say), Just(Shape::Shout)].prop_recursive(4, 16, 3, |inner| {
        let boxed = || inner.clone().prop_map(Box::new);
        prop_oneof![
            proptest::collection::vec(inner.clone(), 1..4).prop_map(Shape::Sequence),
            (boxed(), boxed()).prop_map(|(a, b)| Shape::Tuple(a, b)),
            (boxed(), boxed()).prop_map(|(a, b)| Shape::Named(a, b)),
            boxed().prop_map(Shape::Map),
            (boxed(), boxed()).prop_map(|(a, b)| Shape::Branch(a, b)),
            boxed().prop_map(Shape::Route),
            boxed().prop_map(Shape::Retry),
            boxed().prop_map(Shape::Fallbacks),
            boxed().prop_map(Shape::Twice),
            boxed().prop_map(Shape::Wrapped),
        ]
    })
}

type Step = BoxRunnable<String, String>;

/// Calls a step twice at once, from one place.
#[derive(Clone)]
struct Twice(Chain<String, String>);

#[async_trait]
impl Runnable for Twice {
    type Input = String;
    type Output = String;

    async fn run(&self, input: String, cx: RunContext) -> Result<String> {
        let first = self.0.invoke_in(input.as_str(), &cx);
        let (first, second) = futures::join!(first, self.0.invoke_in(input.as_str(), &cx));
        Ok(first? + &second?)
    }
}

fn build(shape: &Shape) -> Step {
    match shape {
        Shape::Say => say().boxed(),
        Shape::Shout => Shout::default().boxed(),
        Shape::Sequence(shapes) => {
            let start = Chain::new(passthrough());
            shapes
                .iter()
                .fold(start, |chain, shape| chain.then(build(shape)))
                .boxed()
        }
        Shape::Tuple(a, b) => parallel((build(a), build(b)))
            .pipe(lambda(|(a, b): (String, String)| a + &b))
            .boxed(),
        Shape::Named(a, b) => parallel! {"a/#": build(a), "b": build(b)}
            .pipe(lambda(|both: cadena_core::Dict| both.read::<String>("b")))
            .boxed(),
        Shape::Map(inner) => lambda(|text: String| vec![text.clone(), text.clone(), text])
            .pipe(build(inner).map())
            .pipe(lambda(|texts: Vec<String>| texts.concat()))
            .boxed(),
        Shape::Branch(a, b) => branch()
            .when_step(
                build(a).pipe(lambda(|text: String| text.len().is_multiple_of(2))),
                build(b),
            )
            .otherwise(build(a))
            .boxed(),
        Shape::Route(inner) => {
            let inner = build(inner);
            route_fn(move |_: &String| inner.clone()).boxed()
        }
        Shape::Retry(inner) => build(inner).with_retry(RetryOptions::new()).boxed(),
        Shape::Fallbacks(inner) => lambda(|_: String| Err::<String, _>(Error::from(ErrorKind::Server)))
            .with_fallbacks([build(inner)])
            .boxed(),
        Shape::Twice(inner) => Twice(Chain::new(build(inner))).boxed(),
        Shape::Wrapped(inner) => build(inner).named("x").with_config(RunConfig::new().tag("t")).boxed(),
    }
}

async fn names(step: &Step, config: RunConfig) -> Vec<String> {
    let log = Log::new();
    step.invoke_with("a b", config.hook(Arc::<Log>::clone(&log)))
        .await
        .unwrap();
    log.sorted()
}

/// Waits a little that differs from call to call, so that what runs at the same time mixes.
struct Jitter(Mutex<u64>);

impl Jitter {
    fn turns(&self) -> u64 {
        let mut state = self.0.lock().unwrap();
        *state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (*state >> 33) % 8
    }
}

#[async_trait]
impl StepHook for Jitter {
    async fn around(&self, _: &StepCall, next: Next<'_>) -> Result<StepOutput> {
        for _ in 0..self.turns() {
            tokio::task::yield_now().await;
        }
        next.run().await
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn names_are_the_same_in_every_run_and_never_given_twice(shape in shape(), seed in any::<u64>()) {
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
            let step = build(&shape);
            let first = names(&step, config()).await;
            let mut unique = first.clone();
            unique.dedup();
            prop_assert_eq!(&unique, &first);

            let jitter = || hook(Jitter(Mutex::new(seed)));
            prop_assert_eq!(&names(&step, jitter()).await, &first);
            prop_assert_eq!(&names(&step, jitter().max_concurrency(1)).await, &first);

            let log = Log::new();
            let stream = step.stream_with("a b", jitter().hook(Arc::<Log>::clone(&log)));
            fold::<String>(stream).await.unwrap();
            prop_assert_eq!(&log.sorted(), &first);
            Ok(())
        })?;
    }

    #[test]
    fn an_input_of_a_batch_is_named_by_its_place_whatever_runs_at_once(shape in shape(), seed in any::<u64>()) {
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
            let step = build(&shape);
            let alone = names(&step, config()).await;
            let mut expected: Vec<_> = (1..=3).flat_map(|item| alone.iter().map(move |name| format!("batch:item:{item}/{name}"))).collect();
            expected.sort();
            for concurrency in [1, 2, 16] {
                let log = Log::new();
                let config = hook(Jitter(Mutex::new(seed))).max_concurrency(concurrency);
                let config = config.hook(Arc::<Log>::clone(&log));
                step.batch_with(["a b"; 3], config.clone()).await;
                prop_assert_eq!(&log.sorted(), &expected);
                log.0.lock().unwrap().clear();
                step.batch_as_completed_with(["a b"; 3], config).collect::<Vec<_>>().await;
                prop_assert_eq!(&log.sorted(), &expected);
            }
            Ok(())
        })?;
    }
}

#[tokio::test]
async fn a_name_is_the_path_through_the_chain() {
    let both = parallel! {"joke": say(), "a/b": say() | Shout::default()};
    let first = lambda(|both: cadena_core::Dict| both.read::<String>("joke"));
    let chain = passthrough::<String>() | both | first | say().with_retry(RetryOptions::new());
    let log = Log::new();
    let config = config().hook(Arc::<Log>::clone(&log));
    chain.invoke_with("a", config).await.unwrap();
    assert_eq!(
        log.lines(),
        [
            "seq:step:2/map:key:joke/seq:step:2/EchoModel",
            "seq:step:2/map:key:a%2Fb/seq:step:2/EchoModel",
            "seq:step:2/map:key:a%2Fb/seq:step:4/shout",
            "seq:step:4/seq:step:2/EchoModel",
        ]
    );
}

#[tokio::test]
async fn names_do_not_depend_on_listeners() {
    struct Deaf;
    impl Listener for Deaf {
        fn on_event(&self, _: &RunEvent) {}
    }
    let step = build(&Shape::Twice(Box::new(Shape::Sequence(vec![Shape::Say, Shape::Shout]))));
    let alone = names(&step, config()).await;
    assert_eq!(names(&step, config().listener(Arc::new(Deaf))).await, alone);
    assert_eq!(
        alone,
        [
            "#2/seq:step:1/seq:step:2/seq:step:2/EchoModel",
            "#2/seq:step:1/seq:step:3/shout",
            "seq:step:1/seq:step:2/seq:step:2/EchoModel",
            "seq:step:1/seq:step:3/shout",
        ]
    );
}
