# make demo     a short 3D film, made and measured in a few minutes; INPUT=path converts that file
# make test     what CI runs: style and tests
# make model-card   the tables of MODEL_CARD.md from the weights; PAIRS= SYNTHETIC= CLIPS= PICTURES=
# make bench    speed of the selection layer, the conversion, the data
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO := demo
export TF_CPP_MIN_LOG_LEVEL ?= 3

.PHONY: demo test slow-test lint bench packs films default-model lite-models model-card clean

$(BIN)/deep3d-convert: setup.py
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[test,lint]'
	touch $@

ifdef INPUT
demo: $(BIN)/deep3d-convert
	mkdir -p $(DEMO)
	$(BIN)/python convert_video.py "$(INPUT)" --output=$(DEMO) --overwrite
else
demo: $(BIN)/deep3d-convert
	mkdir -p $(DEMO)
	$(BIN)/python -m data_pipeline.synthetic --output=$(DEMO)/film.mp4 --truth=$(DEMO)/truth \
		--layout=mono --seed=7 --seconds=5 --shot_seconds=2 --bars=none --title_seconds=0
	$(BIN)/python convert_video.py $(DEMO)/film.mp4 --output=$(DEMO)/film.3D.HSBS_LR.mp4 --overwrite \
		--convergence=0 --budget_front=10 --budget_back=10
	$(BIN)/python benchmarks/compare_with_truth.py --video=$(DEMO)/film.3D.HSBS_LR.mp4 \
		--truth=$(DEMO)/truth
endif

# Two processes, as most tests keep one processor busy; the tests of a file share what they set up.
test: lint
	$(BIN)/python -m pytest -n 2 --dist loadfile

slow-test: $(BIN)/deep3d-convert
	$(BIN)/python -m pytest -m slow

lint: $(BIN)/deep3d-convert
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

bench: $(BIN)/deep3d-convert
	$(BIN)/python benchmarks/bench_selection.py
	$(BIN)/python benchmarks/bench_conversion.py
	$(BIN)/python benchmarks/bench_synthetic.py

# The packs and the training of the shipped default model: some seven hours on two cores. MATERIAL has
# labelled/, rgbd/, stereo_sequences/ and photos/; see MODEL_CARD.md. RENDERED has what
# `make rendered` made.
PACKS := runs/packs
MATERIAL ?=
RENDERED ?= runs/rendered
LABELLED := camvid labelmefacade ade_planar_sprs clothing_coparsing davis2016_val
OBJECTS := imagenet_samples bsds500 kodak
PACK = { test -d $(PACKS)/$(1) || \
	$(BIN)/python -m data_pipeline.make_pack --output=$(PACKS)/$(1) $(2); }
packs: $(BIN)/deep3d-convert
	test -d "$(MATERIAL)" || { echo "Give MATERIAL=FOLDER."; exit 1; }
	$(foreach s,$(LABELLED),$(call PACK,$(s),--source=$(s) --folder="$(MATERIAL)/labelled") &&) true
	$(foreach s,$(OBJECTS),$(call PACK,$(s),--source=objects --folder="$(MATERIAL)/photos/$(s)") &&) true
	$(call PACK,rgbd,--source=rgbd --folder="$(MATERIAL)/rgbd")
	$(call PACK,kitti_grey,--source=stereo --folder="$(MATERIAL)/stereo_sequences/kitti_grey")
	$(call PACK,synthetic,--source=synthetic --scenes=1000)
	$(call PACK,still_life,--source=still_life --scenes=900 \
		--folder="$(MATERIAL)/photos/imagenet_samples")
	$(foreach k,any relief,{ test ! -d "$(RENDERED)/$(k)" || \
		$(call PACK,rendered_$(k),--source=rendered --folder="$(RENDERED)/$(k)"); } &&) true

REAL_MIXTURE := camvid:0.7 labelmefacade:1.0 ade_planar_sprs:1.2 clothing_coparsing:1.0 rgbd:0.9 \
	kitti_grey:0.4 imagenet_samples:0.75 bsds500:0.2 kodak:0.05
MIXTURE := $(REAL_MIXTURE) davis2016_val:0.5 synthetic:1.5 still_life:1.8
RENDERED_MIXTURE := $(REAL_MIXTURE) davis2016_val:0.7 synthetic:1.0 still_life:1.3 \
	rendered_any:1.5 rendered_relief:2.7
MORE_RENDERED_MIXTURE := $(REAL_MIXTURE) davis2016_val:0.7 synthetic:1.2 still_life:1.3 \
	rendered_any:2.0 rendered_relief:3.2
comma := ,
space := $(subst ,, )
CUTOUTS = clothing_coparsing davis2016_val $(OBJECTS)
joined = $(subst $(space),$(comma),$(strip $(addprefix $(PACKS)/,$(1))))
TRAIN = $(BIN)/python train.py --config=default --right_view=0 --cutouts=$(call joined,$(CUTOUTS)) \
	--packs=$(call joined,$(1))
FIRST = $(call TRAIN,$(MIXTURE)) --workdir=runs/default
SECOND = $(call TRAIN,$(MIXTURE)) --workdir=runs/default2 --start_from=runs/default/model.h5 \
	--least_range=0.5 --learning_rate=1.5e-3 --warmup_steps=150
THIRD = $(call TRAIN,$(MIXTURE)) --workdir=runs/default3 --start_from=runs/default2/model.h5 \
	--least_range=0.5 --learning_rate=1e-3 --warmup_steps=150 --steps=4600 --averaging=0.999 --disturbed
FOURTH = $(call TRAIN,$(RENDERED_MIXTURE)) --workdir=runs/default4 \
	--start_from=runs/default3/model.h5 --least_range=0.5 --learning_rate=1e-3 --warmup_steps=100 \
	--steps=3800 --averaging=0.998
FIFTH = $(call TRAIN,$(MORE_RENDERED_MIXTURE)) --workdir=runs/default5 \
	--start_from=runs/default4/model.h5 --least_range=0.5 --learning_rate=1e-3 --warmup_steps=100 \
	--steps=3200 --averaging=0.998
default-model: packs
	$(FIRST) --window_area=36864 --stop_at=4300
	$(FIRST) --stop_at=5700
	$(SECOND) --window_area=36864 --stop_at=4700
	$(SECOND)
	$(THIRD) --window_area=36864 --stop_at=2700
	$(THIRD)
	$(FOURTH) --window_area=36864 --stop_at=2600
	$(FOURTH)
	$(FIFTH) --window_area=36864 --stop_at=2200
	$(FIFTH)
	$(BIN)/python -c "from deep3d import checkpoint as c; c.save_model( \
		'runs/default5/default.h5', *c.load_model('runs/default5/model.h5'), half=True)"

# What runs a shipped model without TensorFlow; to be made anew whenever deep3d/weights changes.
lite-models: $(BIN)/deep3d-convert
	$(BIN)/python -m deep3d.lite_export deep3d/weights/*.h5

# Stereo films and their shards, for make model-card SYNTHETIC=runs/data/shards.
FILMS ?= 42
DATA := runs/data
films: $(BIN)/deep3d-convert
	mkdir -p $(DATA)/films
	for n in $$(seq 0 $$(($(FILMS) - 1))); do \
		test -f $(DATA)/films/synthetic$$n.mp4 || $(BIN)/python -m data_pipeline.synthetic \
			--output=$(DATA)/films/synthetic$$n.mp4 --seed=$$((1000 + n)) --seconds=50 \
			--frame_rate=2 --shot_seconds=2.5 --layout=full_sbs --width=432 \
			--height=$$((180 + 32 * (n % 3))) --noaudio --title_seconds=0.5 || exit 1; \
	done
	test -d $(DATA)/shards || $(BIN)/python -m data_pipeline.ingest --movies=$(DATA)/films \
		--layout=full_sbs --every_s=0.5 --output=$(DATA)/shards

# Tables and pictures of the model card; those whose input is not given stay as they are.
MODEL ?= default
model-card: $(BIN)/deep3d-convert
	$(BIN)/python benchmarks/model_card.py --model="$(MODEL)" --rendering \
		$(if $(PAIRS),--pairs="$(PAIRS)") $(if $(SYNTHETIC),--synthetic="$(SYNTHETIC)") \
		$(if $(CLIPS),--clips="$(CLIPS)") $(if $(PICTURES),--pictures="$(PICTURES)")

# Pictures rendered by Blender, whose Python package runs under Python 3.11 only: some two seconds each
# on one core, so `make -j2 rendered` on two. FRAMES=number of each of the two series; PHOTOS=folder
# of photographs for surfaces.
PYTHON311 ?= python3.11
BLENDER := .venv-blender
FRAMES ?= 1900
.PHONY: blender-env rendered rendered-any rendered-relief
blender-env: $(BLENDER)/ready
$(BLENDER)/ready: setup.py
	$(PYTHON311) -m venv $(BLENDER)
	$(BLENDER)/bin/pip install --quiet --disable-pip-version-check --editable '.[test,blender]'
	touch $@

rendered: rendered-any rendered-relief
rendered-any rendered-relief: rendered-%: $(BLENDER)/ready
	$(BLENDER)/bin/python -m data_pipeline.blender_film --output=$(RENDERED)/$*/stills --kind=$* \
		--seed=11 --stills --frames=$(FRAMES) --frames_per_shot=2 --width=320 --height=200 \
		--samples=4 --threads=1 $(if $(PHOTOS),--photos="$(PHOTOS)")

clean:
	rm -rf $(DEMO) build *.egg-info .pytest_cache .ruff_cache
